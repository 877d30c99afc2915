//! A closer look at more records than decide: their images by the headers, a few of them as pictures.

use crate::batch::{File, Text};
use crate::control::{Picture, Seen, Sight};
use crate::decode::{Decoder, Found, PixelBuffer};
use crate::error::{Error, Result};
use crate::options::Options;
use crate::page::Page;
use crate::paths::Base;
use crate::pipeline::Doubts;
use crate::plan::{Plan, Steps, Target};
use crate::reader::Reader;
use crate::record::rejected;

/// Records that are looked at, and bytes of them.
const RECORDS: usize = 10_000;
const BYTES: usize = 256 << 20;
/// A larger image is counted, and not decoded for its picture.
const PICTURE_BYTES: usize = 128 << 20;
/// Memory for pixels that is kept from one to the next.
const KEEP_BYTES: usize = 16 << 20;

/// Looks at the records of the sample and those after it. Where images are fetched the sample is enough.
pub(super) fn look(reader: &mut Reader, options: &Options) -> Result<Page> {
    let limit = if options.fetches() { reader.sampled } else { RECORDS };
    let most = (BYTES as f64 / reader.record_bytes).min(limit as f64);
    let page = Page::of_stored(reader.expected_rows().map_or(0.0, |rows| rows.min(most)) as u64);
    if !reader.located {
        return Ok(page);
    }
    let (plan, files) = (reader.plan.clone(), reader.files.clone());
    let stored = as_stored(&plan);
    let mut eyes = Eyes {
        page: &page,
        plan: &plan,
        decoder: Decoder::new(&plan)?,
        pictures: Decoder::new(&stored)?,
        doubts: Doubts::new(&plan)?,
        pixels: PixelBuffer::default(),
    };
    let (mut records, mut bytes) = (0, 0);
    let mut texts = reader.sampled_texts()?;
    loop {
        let mut text = match texts.pop_front() {
            Some(text) => text,
            None if records >= limit || bytes >= BYTES => break,
            None => {
                let mut text = Text::default();
                match reader.feed.next(&mut text, limit - records, &|| {}) {
                    Ok(true) => rejected::unwrap(&mut text, &files),
                    // What ends a run here is no part of a look: the report is of what was read.
                    Ok(false) | Err(_) => break,
                }
                text
            }
        };
        for number in 0..text.records.len() {
            if records >= limit || bytes >= BYTES {
                break;
            }
            records += 1;
            bytes += text.record(&text.records[number]).len();
            eyes.record(&text, number, &files);
        }
        text.records.clear();
    }
    Ok(page)
}

/// The same plan for images as they are stored; of several fields that become one image the first.
fn as_stored(plan: &Plan) -> Plan {
    let plan = plan.bands.first().unwrap_or(plan);
    Plan {
        target: Target::Each,
        steps: Steps::new(&Options::default()),
        arrays: Vec::new(),
        columns: Vec::new(),
        ..plan.clone()
    }
}

struct Eyes<'p> {
    page: &'p Page,
    plan: &'p Plan,
    decoder: Decoder<'p>,
    pictures: Decoder<'p>,
    doubts: Doubts<'p>,
    pixels: PixelBuffer,
}

impl Eyes<'_> {
    /// Looks at a record as a run would, without decoding.
    fn record(&mut self, text: &Text, number: usize, files: &[File]) {
        let (record, origin) = (&text.records[number], text.origin(number, files));
        let (bytes, base) = (text.record(record), origin.file.base.as_ref());
        let page = self.page;
        let see = |item: usize, seen: Seen<'_>| {
            let position = origin.position(item as u32);
            page.see(&Sight { position, record: record.index, text: bytes, row: None, seen });
        };
        let reject = |item: usize, error: Error| {
            see(item, Seen::Rejected(&error.at(origin.position(item as u32))));
        };
        let found = match text.unreadable(number, &self.plan.limits) {
            Some(error) => Err(error),
            None => self.decoder.find(bytes),
        };
        let items = match found {
            Ok(items) => items,
            Err(error) => return reject(0, error),
        };
        let doubt = self.doubts.of_record(&self.decoder, record.place(), bytes, base);
        if let Err(error) = doubt {
            return reject(0, error);
        }
        if items == 0 {
            return see(0, Seen::Missing);
        }
        for item in origin.wanted(items) {
            let opened = self.decoder.open(bytes, item, base).map(|opened| *opened.found());
            let looked = opened.and_then(|found| {
                let shown = if page.wants() { self.picture(bytes, item, base)? } else { None };
                Ok((found, shown))
            });
            match looked {
                Ok((found, shown)) => {
                    let shown = shown.unwrap_or(found);
                    see(item, Seen::Image(picture(&found, &shown, self.pixels.used())));
                }
                Err(_) if self.doubts.is_other(&self.decoder, item, bytes, base) => {}
                Err(error) => reject(item, error),
            }
            self.pixels.clear(KEEP_BYTES);
        }
    }

    /// Decodes an image as it is stored, where it is not too large.
    fn picture(&mut self, bytes: &[u8], item: usize, base: Option<&Base>) -> Result<Option<Found>> {
        self.pictures.find(bytes)?;
        let opened = self.pictures.open(bytes, item, base)?;
        if opened.found().info.bytes()? > PICTURE_BYTES {
            return Ok(None);
        }
        self.pictures.fill(&opened, &mut self.pixels).map(Some)
    }
}

/// What was found, with the pixels of what is shown of it.
fn picture<'a>(found: &Found, shown: &Found, pixels: &'a [u8]) -> Picture<'a> {
    Picture {
        stored: found.stored,
        color: found.info.color,
        orientation: found.info.orientation,
        format: found.format,
        shape: shown.info.shape,
        dtype: shown.info.dtype,
        pixels,
    }
}

//! The tracks of an image sequence: where its frames are and what they are like.
//!
//! Takes the body of a `moov` box; gives the track of colours and that of its alpha as a [`Sequence`].
//! Of sample tables it keeps an offset and a length for each frame, at most [`MOST_FRAMES`]. Sound and
//! other tracks are passed over.

use super::boxes::{Boxes, Reader, find, short};
use super::items::missing;
use super::property::{Coding, Property, Signal, orientation};
use crate::error::{Error, Result};
use crate::limits::Limits;

/// More frames are refused: a few bytes can claim any number of them.
const MOST_FRAMES: usize = 1 << 20;

/// A track of pictures.
#[derive(Default)]
pub(super) struct Track<'a> {
    id: u32,
    /// Pixels of a row.
    pub(super) width: u32,
    /// Rows.
    pub(super) height: u32,
    auxiliary_of: Option<u32>,
    multiplied_with: Option<u32>,
    /// The properties of its sample entry, where that is AV1.
    properties: Vec<Property>,
    /// Offset and length of each frame in the file.
    pub(super) frames: Vec<(u64, u64)>,
    /// The body of its `meta` box.
    pub(super) meta: Option<&'a [u8]>,
}

/// An image sequence.
pub(super) struct Sequence<'a> {
    /// Of colours, or gray.
    pub(super) color: Track<'a>,
    /// Of alpha, with a frame for each.
    pub(super) alpha: Option<Track<'a>>,
    /// Of the colours.
    pub(super) coding: Coding,
    /// What the numbers mean, where a box says so.
    pub(super) signal: Option<Signal>,
    /// Whether the colours are stored multiplied with alpha.
    pub(super) multiplied: bool,
    /// As EXIF counts it.
    pub(super) orientation: u8,
}

impl<'a> Sequence<'a> {
    /// The first track of AV1 pictures, and its alpha.
    pub(super) fn read(moov: &'a [u8], limits: &Limits) -> Result<Self> {
        let mut tracks = Vec::new();
        for boxed in Boxes::inside(moov) {
            let boxed = boxed?;
            if boxed.kind == *b"trak" {
                tracks.push(Track::read(boxed.body)?);
            }
        }
        let shows = |track: &Track<'_>| !track.properties.is_empty() && !track.frames.is_empty();
        let color = tracks.iter().position(|track| shows(track) && track.auxiliary_of.is_none());
        let color = tracks.swap_remove(color.ok_or_else(|| missing("a track of pictures"))?);
        let alpha = |track: &Track<'_>| shows(track) && track.auxiliary_of == Some(color.id);
        let alpha = tracks.iter().position(alpha).map(|at| tracks.swap_remove(at));

        let (width, height) = (color.width, color.height);
        limits.check_pixels(height.into(), width.into())?;
        if width == 0 || height == 0 {
            return Err(Error::image("damaged AVIF: an image without pixels"));
        }
        let coding = color.coding()?;
        if let Some(alpha) = &alpha {
            let like = (alpha.width, alpha.height, alpha.coding()?.depth);
            if like != (width, height, coding.depth) || alpha.frames.len() < color.frames.len() {
                return Err(Error::image("damaged AVIF: alpha of another size, depth or length"));
            }
        }
        let multiplied = alpha.as_ref().is_some_and(|a| color.multiplied_with == Some(a.id));
        let turn = color.says(|p| if let Property::Turn(turn) = p { Some(turn) } else { None });
        let mirror = color.says(|p| if let Property::Mirror(axis) = p { Some(axis) } else { None });
        let orientation = orientation(turn.unwrap_or(0), mirror);
        let signal = color.says(|p| if let Property::Signal(s) = p { Some(s) } else { None });
        Ok(Self { color, alpha, coding, signal, multiplied, orientation })
    }
}

impl<'a> Track<'a> {
    /// Reads the body of a `trak` box.
    fn read(body: &'a [u8]) -> Result<Self> {
        let mut track = Self::default();
        for boxed in Boxes::inside(body) {
            let boxed = boxed?;
            match &boxed.kind {
                b"tkhd" => track.read_header(Reader(boxed.body))?,
                b"tref" => {
                    for boxed in Boxes::inside(boxed.body) {
                        let boxed = boxed?;
                        match &boxed.kind {
                            b"auxl" => track.auxiliary_of = Some(Reader(boxed.body).u32()?),
                            b"prem" => track.multiplied_with = Some(Reader(boxed.body).u32()?),
                            _ => {}
                        }
                    }
                }
                b"meta" => track.meta = Some(boxed.body),
                b"mdia" => {
                    let media = find(boxed.body, b"minf")?;
                    let table = media.map(|media| find(media, b"stbl")).transpose()?.flatten();
                    if let Some(table) = table {
                        track.read_samples(table)?;
                    }
                }
                _ => {}
            }
        }
        Ok(track)
    }

    /// The first thing that a property says.
    fn says<T>(&self, what: impl Fn(Property) -> Option<T>) -> Option<T> {
        self.properties.iter().find_map(|property| what(*property))
    }

    /// What its bitstream is.
    pub(super) fn coding(&self) -> Result<Coding> {
        let coding = self.says(|p| if let Property::Coding(c) = p { Some(c) } else { None });
        coding.ok_or_else(|| missing("the AV1 configuration"))
    }

    /// `tkhd`: number and size.
    fn read_header(&mut self, mut body: Reader<'_>) -> Result<()> {
        let (version, _) = body.version()?;
        let times = if version == 1 { 8 } else { 4 };
        body.take(2 * times)?;
        self.id = body.u32()?;
        // What follows: a duration, layer, group, volume, and a matrix.
        body.take(4 + times + 8 + 8 + 36)?;
        (self.width, self.height) = (body.u32()? >> 16, body.u32()? >> 16);
        Ok(())
    }

    /// `stbl`: the entry of AV1 samples and where they are.
    fn read_samples(&mut self, table: &[u8]) -> Result<()> {
        let (mut chunks, mut runs, mut sizes) = (None, None, None);
        for boxed in Boxes::inside(table) {
            let boxed = boxed?;
            match &boxed.kind {
                b"stsd" => self.properties = read_entry(Reader(boxed.body))?,
                b"stco" => chunks = Some((Reader(boxed.body), 4)),
                b"co64" => chunks = Some((Reader(boxed.body), 8)),
                b"stsc" => runs = Some(Reader(boxed.body)),
                b"stsz" => sizes = Some(Reader(boxed.body)),
                _ => {}
            }
        }
        let (Some(chunks), Some(runs), Some(sizes)) = (chunks, runs, sizes) else {
            return Ok(());
        };
        if !self.properties.is_empty() {
            self.frames = places(chunks, runs, sizes)?;
        }
        Ok(())
    }
}

/// `stsd`: the properties of the first entry of AV1 samples; none where there is no such entry.
fn read_entry(mut body: Reader<'_>) -> Result<Vec<Property>> {
    body.version()?;
    body.u32()?;
    for boxed in Boxes::inside(body.0) {
        let boxed = boxed?;
        if boxed.kind == *b"av01" {
            // The fields of a visual sample entry, before its boxes.
            let boxes = boxed.body.get(78..).ok_or_else(short)?;
            return Boxes::inside(boxes).map(|b| b.and_then(|b| Property::read(&b))).collect();
        }
    }
    Ok(Vec::new())
}

/// Where each sample is: samples lie one after the other in chunks.
fn places<'a>(
    (mut chunks, wide): (Reader<'a>, u8),
    mut runs: Reader<'a>,
    mut sizes: Reader<'a>,
) -> Result<Vec<(u64, u64)>> {
    for table in [&mut chunks, &mut runs, &mut sizes] {
        table.version()?;
    }
    let (size, count) = (sizes.u32()?, sizes.u32()?);
    if count as usize > MOST_FRAMES {
        return Err(Error::limit("AVIF of over a million frames"));
    }
    let mut run_count = runs.u32()?;
    let mut next_run = |runs: &mut Reader<'_>| -> Result<Option<(u32, u32)>> {
        let Some(left) = run_count.checked_sub(1) else { return Ok(None) };
        run_count = left;
        let run = (runs.u32()?, runs.u32()?);
        runs.u32()?;
        Ok(Some(run))
    };
    let (mut each, mut coming) = (0, next_run(&mut runs)?);
    let mut places: Vec<(u64, u64)> = Vec::new();
    for chunk in 1..=chunks.u32()? {
        if let Some((_, samples)) = coming.filter(|(first, _)| *first <= chunk) {
            (each, coming) = (samples, next_run(&mut runs)?);
        }
        let mut offset = chunks.uint(wide)?;
        for _ in 0..each {
            if places.len() == count as usize {
                return Err(Error::image("damaged AVIF: more samples than there are sizes"));
            }
            let length = u64::from(if size == 0 { sizes.u32()? } else { size });
            places.push((offset, length));
            offset = offset.checked_add(length).ok_or_else(short)?;
        }
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(numbers: &[u32]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
    }

    fn all(chunks: &[u32], runs: &[u32], sizes: &[u32]) -> Result<Vec<(u64, u64)>> {
        let [chunks, runs, sizes] = [chunks, runs, sizes].map(words);
        places((Reader(&chunks), 4), Reader(&runs), Reader(&sizes))
    }

    #[test]
    fn samples_lie_in_chunks() {
        let runs = [0, 2, 1, 2, 1, 3, 1, 1];
        let found = all(&[0, 3, 100, 200, 300], &runs, &[0, 0, 5, 1, 2, 3, 4, 5]).expect("valid");
        assert_eq!(found, [(100, 1), (101, 2), (200, 3), (203, 4), (300, 5)]);
        let found = all(&[0, 1, 100], &[0, 1, 1, 2, 1], &[0, 7, 2]).expect("valid");
        assert_eq!(found, [(100, 7), (107, 7)]);
        assert!(all(&[0, 1, 100], &[0, 1, 1, 3, 1], &[0, 7, 2]).is_err());
        assert!(all(&[0, 2, 100], &[0, 1, 1, 1, 1], &[0, 7, 2]).is_err());
        assert!(all(&[0, 1, 1], &[0, 1, 1, u32::MAX, 1], &[0, 7, u32::MAX]).is_err());
    }
}

//! The floor: what the corpora of the benchmarks cost a program that knows them.
//!
//! `ndpix-floor KIND DESCR H,W[,C] OUT IN...` converts the inputs with one thread and with the codecs of ndpix
//! (TIFF: with the crate that ndpix replaced). It leaves out everything that makes a result
//! trustworthy: it finds the field by its first `"image"` and does not check that a record is JSON
//! or UTF-8, takes each image for what the corpus holds and looks at no header but the codec's,
//! checks no checksum, knows shape and dtype beforehand, keeps no line numbers, rejects nothing but by
//! a panic, writes under the final name, and has no order to keep. So it is no tool: it says how much
//! of the time of ndpix is codec, copying and system calls, and how much is ndpix.

use std::fs::File;
use std::io::{Cursor, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use base64_simd::{Out, STANDARD};
use libwebp_sys::{WebPDecodeRGBInto, WebPGetInfo};
use memchr::memmem::Finder;
use memchr::{memchr, memchr_iter, memrchr};

/// Text that is read at a time, and rows that are written at a time.
const BLOCK: usize = 512 << 10;
const ROWS: usize = 2 << 20;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, descr, shape, output, inputs @ ..] = &arguments[..] else {
        panic!("usage: ndpix-floor KIND DESCR SHAPE OUT IN...");
    };
    let shape: Vec<usize> = shape.split(',').map(|axis| axis.parse().expect("an axis")).collect();
    let mut floor = Floor {
        kind: kind.clone(),
        folder: PathBuf::new(),
        len: shape.iter().product::<usize>() * if descr.ends_with('2') { 2 } else { 1 },
        find: Finder::new(b"\"image\": "),
        file: Vec::new(),
        rows: Vec::new(),
        used: 0,
        out: File::create(output).expect("an output"),
        written: 0,
    };
    let mut text = vec![0; 2 * BLOCK];
    for input in inputs {
        floor.folder = Path::new(input).parent().map_or(PathBuf::new(), Path::to_path_buf);
        convert(File::open(input).expect("an input"), &mut text, &mut floor);
    }
    floor.write();
    let header = header(descr, floor.written / floor.len as u64, &shape);
    floor.out.write_all_at(&header, 0).expect("written");
}

const HEADER: u64 = 128;

fn header(descr: &str, rows: u64, shape: &[usize]) -> Vec<u8> {
    let axes: String = shape.iter().map(|axis| format!(", {axis}")).collect();
    let dict = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({rows}{axes}), }}");
    let mut bytes = b"\x93NUMPY\x01\x00v\x00".to_vec();
    bytes.extend(format!("{dict:<117}\n").bytes());
    bytes
}

/// Reads blocks into one buffer and cuts them at their last newline.
fn convert(mut input: File, text: &mut Vec<u8>, floor: &mut Floor) {
    let mut filled = 0;
    loop {
        let got = input.read(&mut text[filled..filled + BLOCK]).expect("read");
        filled += got;
        let end = memrchr(b'\n', &text[..filled]).map_or(0, |at| at + 1);
        let mut start = 0;
        for newline in memchr_iter(b'\n', &text[..end]) {
            floor.record(&text[start..newline]);
            start = newline + 1;
        }
        if got == 0 {
            return;
        }
        text.copy_within(end..filled, 0);
        filled -= end;
        if text.len() < filled + BLOCK {
            text.resize(filled + 2 * BLOCK, 0);
        }
    }
}

struct Floor {
    kind: String,
    folder: PathBuf,
    /// Bytes of a row.
    len: usize,
    find: Finder<'static>,
    /// The image file that is decoded.
    file: Vec<u8>,
    rows: Vec<u8>,
    used: usize,
    out: File,
    written: u64,
}

impl Floor {
    fn record(&mut self, line: &[u8]) {
        if self.used + self.len > ROWS.max(self.len) {
            self.write();
        }
        // It grows to its size once; no row is cleared before it is overwritten.
        if self.rows.len() < self.used + self.len {
            self.rows.resize(ROWS.max(self.len), 0);
        }
        let value = self.find.find(line).expect("the field") + b"\"image\": ".len();
        let row = &mut self.rows[self.used..self.used + self.len];
        if self.kind == "list" {
            numbers(&line[value..], row);
        } else {
            let text = &line[value + 1..];
            let text = &text[..memchr(b'"', text).expect("the end of the string")];
            if self.kind == "raw" {
                let _ = STANDARD.decode(text, Out::from_slice(row)).expect("base64");
            } else {
                if self.kind == "path" {
                    let name = std::str::from_utf8(text).expect("a name");
                    let mut file = File::open(self.folder.join(name)).expect("an image file");
                    self.file.clear();
                    file.read_to_end(&mut self.file).expect("read");
                } else {
                    self.file.clear();
                    STANDARD.decode_append(text, &mut self.file).expect("base64");
                }
                decode(&self.kind, &self.file, row);
            }
        }
        self.used += self.len;
    }

    fn write(&mut self) {
        self.out.write_all_at(&self.rows[..self.used], HEADER + self.written).expect("written");
        self.written += self.used as u64;
        self.used = 0;
    }
}

fn decode(kind: &str, file: &[u8], row: &mut [u8]) {
    match kind {
        "jpeg" | "path" => {
            let mut decoder = libjpeg_turbo_rs::Decoder::new(file).expect("JPEG");
            decoder.set_output_format(libjpeg_turbo_rs::PixelFormat::Rgb);
            decoder.decode_image_into(row).expect("JPEG");
        }
        "png" => {
            let mut options = png::DecodeOptions::default();
            options.set_ignore_checksums(true);
            let decoder = png::Decoder::new_with_options(Cursor::new(file), options);
            let mut reader = decoder.read_info().expect("PNG");
            let frame = reader.next_frame(row).expect("PNG");
            if frame.bit_depth == png::BitDepth::Sixteen {
                row.as_chunks_mut::<2>().0.iter_mut().for_each(|sample| sample.reverse());
            }
        }
        "webp" => {
            let (mut width, mut height) = (0, 0);
            // SAFETY: live slices with their true lengths; libwebp keeps no pointer, and writes no more
            // than the length it is given.
            let done = unsafe {
                WebPGetInfo(file.as_ptr(), file.len(), &mut width, &mut height);
                let (to, room) = (row.as_mut_ptr(), row.len());
                WebPDecodeRGBInto(file.as_ptr(), file.len(), to, room, width * 3)
            };
            assert!(!done.is_null(), "WebP");
        }
        "tiff" => {
            let mut decoder = tiff::decoder::Decoder::new(Cursor::new(file)).expect("TIFF");
            let tiff::decoder::DecodingResult::U16(samples) = decoder.read_image().expect("TIFF")
            else {
                panic!("a TIFF of other samples");
            };
            for (to, sample) in row.as_chunks_mut::<2>().0.iter_mut().zip(samples) {
                *to = sample.to_le_bytes();
            }
        }
        other => panic!("no kind {other}"),
    }
}

/// The integers of nested lists, whatever stands between them.
fn numbers(text: &[u8], row: &mut [u8]) {
    let (mut at, mut value, mut digits) = (0, 0u32, false);
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            value = value * 10 + u32::from(digit);
            digits = true;
        } else if digits {
            row[at] = value as u8;
            at += 1;
            if at == row.len() {
                return;
            }
            (value, digits) = (0, false);
        }
    }
}

//! Image files of the pictures, written here in the simplest way that a reader has to take.

use std::io::Write;

use super::pictures::Picture;

pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    writer.write_all(text).expect("memory");
    writer.finish().expect("memory")
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
    writer.write_all(bytes).expect("memory");
    writer.finish().expect("memory")
}

pub(crate) fn png8(picture: &Picture<u8>) -> Vec<u8> {
    let size = (picture.width, picture.height);
    png(size, png::ColorType::Rgb, png::BitDepth::Eight, &picture.samples)
}

pub(crate) fn png16(picture: &Picture<u16>) -> Vec<u8> {
    let bytes: Vec<u8> = picture.samples.iter().flat_map(|v| v.to_be_bytes()).collect();
    let size = (picture.width, picture.height);
    png(size, png::ColorType::Grayscale, png::BitDepth::Sixteen, &bytes)
}

fn png(
    (width, height): (usize, usize),
    color: png::ColorType,
    depth: png::BitDepth,
    bytes: &[u8],
) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width as u32, height as u32);
    encoder.set_color(color);
    encoder.set_depth(depth);
    // What libpng and therefore most files have.
    encoder.set_filter(png::Filter::Adaptive);
    encoder.set_deflate_compression(png::DeflateCompression::Level(6));
    let mut writer = encoder.write_header().expect("memory");
    writer.write_image_data(bytes).expect("memory");
    writer.finish().expect("memory");
    out
}

pub(crate) fn tiff_deflate(picture: &Picture<u16>, predictor: bool) -> Vec<u8> {
    tiff(picture, 8, predictor, deflate)
}

pub(crate) fn tiff_lzw(picture: &Picture<u16>, predictor: bool) -> Vec<u8> {
    tiff(picture, 5, predictor, |bytes| {
        weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8)
            .encode(bytes)
            .expect("LZW of memory")
    })
}

/// Little-endian, strips of 64 rows.
fn tiff(
    picture: &Picture<u16>,
    compression: u32,
    predictor: bool,
    compress: impl Fn(&[u8]) -> Vec<u8>,
) -> Vec<u8> {
    const ROWS: usize = 64;
    let (width, height) = (picture.width, picture.height);
    let row = |row: &[u16]| -> Vec<u8> {
        let before = std::iter::once(0).chain(row.iter().copied());
        let value = |(v, b): (&u16, u16)| if predictor { v.wrapping_sub(b) } else { *v };
        row.iter().zip(before).flat_map(|pair| value(pair).to_le_bytes()).collect()
    };
    let strips: Vec<Vec<u8>> = picture
        .samples
        .chunks(width * ROWS)
        .map(|strip| compress(&strip.chunks(width).flat_map(row).collect::<Vec<u8>>()))
        .collect();
    let count = strips.len() as u32;
    let mut data = b"II\x2a\0\0\0\0\0".to_vec();
    let mut place = |bytes: &[u8]| {
        let at = data.len() as u32;
        data.extend_from_slice(bytes);
        at
    };
    let offsets: Vec<u32> = strips.iter().map(|strip| place(strip)).collect();
    let lengths: Vec<u32> = strips.iter().map(|strip| strip.len() as u32).collect();
    let words = |values: &[u32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let (offsets, lengths) = (place(&words(&offsets)), place(&words(&lengths)));
    let entries: [[u32; 4]; 10] = [
        [256, 4, 1, width as u32],
        [257, 4, 1, height as u32],
        [258, 3, 1, 16],
        [259, 3, 1, compression],
        [262, 3, 1, 1],
        [273, 4, count, offsets],
        [277, 3, 1, 1],
        [278, 4, 1, ROWS as u32],
        [279, 4, count, lengths],
        [317, 3, 1, if predictor { 2 } else { 1 }],
    ];
    let directory = place(&(entries.len() as u16).to_le_bytes());
    for [tag, kind, count, value] in entries {
        place(&(tag as u16).to_le_bytes());
        place(&(kind as u16).to_le_bytes());
        place(&words(&[count, value]));
    }
    place(&[0; 4]);
    data[4..8].copy_from_slice(&directory.to_le_bytes());
    data
}

/// 216 colours of even steps.
pub(crate) fn gif(picture: &Picture<u8>) -> Vec<u8> {
    let (width, height) =
        ((picture.width as u16).to_le_bytes(), (picture.height as u16).to_le_bytes());
    let mut out = [b"GIF89a", &width[..], &height, &[0xF7, 0, 0]].concat();
    let palette = (0..=255u8).flat_map(|i| [i / 36 % 6 * 51, i / 6 % 6 * 51, i % 6 * 51]);
    out.extend(palette);
    out.extend([&[b',', 0, 0, 0, 0][..], &width, &height, &[0, 8]].concat());
    let step = |v: u8| (u16::from(v) * 5 + 127) / 255;
    let index = |p: &[u8]| (step(p[0]) * 36 + step(p[1]) * 6 + step(p[2])) as u8;
    let indices: Vec<u8> = picture.samples.chunks(3).map(index).collect();
    let mut encoder = weezl::encode::Encoder::new(weezl::BitOrder::Lsb, 8);
    for block in encoder.encode(&indices).expect("LZW of memory").chunks(255) {
        out.push(block.len() as u8);
        out.extend_from_slice(block);
    }
    out.extend([0, b';']);
    out
}

/// 24 bits, rows from the bottom; the width needs no padding.
pub(crate) fn bmp(picture: &Picture<u8>) -> Vec<u8> {
    assert_eq!(picture.width % 4, 0, "rows without padding");
    let size = picture.samples.len() as u32;
    let words = [size + 54, 0, 54, 40, picture.width as u32, picture.height as u32];
    let mut out = b"BM".to_vec();
    out.extend(words.iter().flat_map(|v| v.to_le_bytes()));
    out.extend([1, 0, 24, 0]);
    out.extend([0, size, 0, 0, 0, 0].iter().flat_map(|v: &u32| v.to_le_bytes()));
    for row in picture.samples.chunks(picture.width * 3).rev() {
        out.extend(row.chunks(3).flat_map(|p| [p[2], p[1], p[0]]));
    }
    out
}

pub(crate) fn pnm(picture: &Picture<u8>) -> Vec<u8> {
    let head = format!("P6\n{} {}\n255\n", picture.width, picture.height);
    [head.as_bytes(), &picture.samples].concat()
}

/// Runs, differences and whole pixels: what a photograph mostly becomes.
pub(crate) fn qoi(picture: &Picture<u8>) -> Vec<u8> {
    let mut out = b"qoif".to_vec();
    out.extend((picture.width as u32).to_be_bytes());
    out.extend((picture.height as u32).to_be_bytes());
    out.extend([3, 0]);
    let (mut before, mut run) = ([0u8; 3], 0u8);
    for pixel in picture.samples.as_chunks::<3>().0 {
        if *pixel == before && run < 62 {
            run += 1;
            continue;
        }
        if run > 0 {
            out.push(0xC0 | (run - 1));
            run = 0;
        }
        if *pixel == before {
            run = 1;
            continue;
        }
        let [r, g, b] = [0, 1, 2].map(|i| pixel[i].wrapping_sub(before[i]));
        let small = |v: u8, half: u8| v.wrapping_add(half) < 2 * half;
        let (rg, bg) = (r.wrapping_sub(g), b.wrapping_sub(g));
        if small(r, 2) && small(g, 2) && small(b, 2) {
            let [r, g, b] = [r, g, b].map(|v| v.wrapping_add(2));
            out.push(0x40 | r << 4 | g << 2 | b);
        } else if small(g, 32) && small(rg, 8) && small(bg, 8) {
            out.push(0x80 | g.wrapping_add(32));
            out.push(rg.wrapping_add(8) << 4 | bg.wrapping_add(8));
        } else {
            out.push(0xFE);
            out.extend(pixel);
        }
        before = *pixel;
    }
    if run > 0 {
        out.push(0xC0 | (run - 1));
    }
    out.extend([0, 0, 0, 0, 0, 0, 0, 1]);
    out
}

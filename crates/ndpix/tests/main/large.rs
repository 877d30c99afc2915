//! What belongs here: that large pictures, which become narrow as their rows are decoded, give the bytes that
//! they give when they are decoded whole, as a PPM always is.

use libjpeg_turbo_rs::{Decoder, Encoder, PixelFormat, Subsampling};
use ndpix::{Input, Options};

const SIDE: (usize, usize) = (1500, 2000);
const CHANNELS: usize = 3;

/// Samples of a picture with slopes and noise.
fn samples() -> Vec<u8> {
    let (height, width) = SIDE;
    (0..height * width * CHANNELS)
        .map(|i| {
            let (x, y) = (i / CHANNELS % width, i / CHANNELS / width);
            let noise = (i as u32).wrapping_mul(2_654_435_761) >> 27;
            ((x * (i % CHANNELS + 1) + y * 3) / 9 + noise as usize) as u8
        })
        .collect()
}

fn ppm(samples: &[u8]) -> Vec<u8> {
    let head = format!("P6 {} {} 255\n", SIDE.1, SIDE.0);
    [head.as_bytes(), samples].concat()
}

fn png(samples: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, SIDE.1 as u32, SIDE.0 as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(samples).expect("pixels");
    writer.finish().expect("an end");
    file
}

/// An uncompressed TIFF, in strips of some rows or in tiles.
fn tiff(samples: &[u8], (rows, columns): (usize, usize)) -> Vec<u8> {
    let (height, width) = SIDE;
    let tiled = columns < width;
    let (mut data, mut places) = (Vec::new(), Vec::new());
    for top in (0..height).step_by(rows) {
        for left in (0..width).step_by(columns) {
            let begin = data.len();
            for y in top..top + rows {
                if y >= height && !tiled {
                    break;
                }
                for x in left..left + columns {
                    let at = (y * width + x) * CHANNELS;
                    let inside = y < height && x < width;
                    data.extend((0..CHANNELS).map(|c| if inside { samples[at + c] } else { 7 }));
                }
            }
            places.push((8 + begin, data.len() - begin));
        }
    }
    let mut file = b"II*\0".to_vec();
    let lists = 8 + data.len();
    let lists = lists + lists % 2;
    file.extend(((lists + places.len() * 8) as u32).to_le_bytes());
    file.extend(&data);
    file.resize(lists, 0);
    places.iter().for_each(|place| file.extend((place.0 as u32).to_le_bytes()));
    places.iter().for_each(|place| file.extend((place.1 as u32).to_le_bytes()));
    let count = places.len() as u32;
    // One number stands where a list would be named.
    let (offsets, lengths) = match places[..] {
        [(offset, length)] => (offset as u32, length as u32),
        _ => (lists as u32, lists as u32 + count * 4),
    };
    let mut tags = vec![
        (256, 1, width as u32),
        (257, 1, height as u32),
        (258, 1, 8),
        (259, 1, 1),
        (262, 1, 2),
    ];
    if !tiled {
        tags.extend([
            (273, count, offsets),
            (277, 1, CHANNELS as u32),
            (278, 1, rows as u32),
            (279, count, lengths),
        ]);
    } else {
        let size = (columns as u32, rows as u32);
        tags.extend([(277, 1, CHANNELS as u32), (322, 1, size.0), (323, 1, size.1)]);
        tags.extend([(324, count, offsets), (325, count, lengths)]);
    }
    file.extend((tags.len() as u16).to_le_bytes());
    for (tag, count, value) in tags {
        file.extend((tag as u16).to_le_bytes());
        file.extend(4u16.to_le_bytes());
        file.extend(count.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 4]);
    file
}

fn jpeg(samples: &[u8]) -> Vec<u8> {
    let encoder = Encoder::new(samples, SIDE.1, SIDE.0, PixelFormat::Rgb);
    encoder.subsampling(Subsampling::S420).restart_rows(5).encode().expect("a file")
}

fn record(file: Vec<u8>) -> String {
    let digits = b"0123456789abcdef";
    let hex = file.iter().flat_map(|b| [b >> 4, b & 15].map(|d| digits[usize::from(d)] as char));
    format!("{{\"image\":\"{}\"}}", hex.collect::<String>())
}

/// The row that a record becomes.
fn row(record: &str, options: &Options) -> Vec<u8> {
    let mut found = Vec::new();
    ndpix::each(vec![Input::bytes(record)], options, |each| {
        found = each.image?.1.to_vec();
        Ok(())
    })
    .expect("an image");
    found
}

#[test]
fn narrow_rows_give_the_same_bytes() {
    let asked: [&[(&str, &str)]; 6] = [
        &[("size", "224"), ("fit", "stretch")],
        &[("size", "90,120"), ("resample", "lanczos"), ("layout", "chw"), ("mode", "BGR")],
        &[("size", "200"), ("fit", "crop"), ("dtype", "float32"), ("scale", "unit")],
        &[("size", "160"), ("fit", "pad"), ("pad_value", "9"), ("mode", "RGBA")],
        &[("size", "75,100"), ("mode", "L"), ("resample", "box")],
        &[("size", "30,1990"), ("fit", "stretch")],
    ];
    let samples = &samples();
    let files = [
        ppm(samples),
        png(samples),
        tiff(samples, (64, SIDE.1)),
        tiff(samples, (SIDE.0, SIDE.1)),
        tiff(samples, (208, 304)),
    ];
    let records = files.map(record);
    let coded = jpeg(samples);
    let decoded = Decoder::decode(&coded).expect("pixels");
    let lossy = [ppm(&decoded.data), coded].map(record);
    for pairs in asked {
        let mut options = Options::default().with("encoding", "hex+image").expect("an option");
        for (name, value) in pairs {
            options = options.with(name, value).expect("an option");
        }
        for records in [&records[..], &lossy] {
            let rows: Vec<_> = records.iter().map(|record| row(record, &options)).collect();
            for (number, row) in rows.iter().enumerate() {
                assert!(*row == rows[0], "file {number} of {} with {pairs:?}", rows.len());
            }
        }
    }
}

//! A contact sheet: small pictures of images that lie evenly over all that were seen, however many come.

use super::thumb::Thumb;

/// Pictures that are kept at most.
const MOST: usize = 64;

/// Every so manyth image as a small picture.
#[derive(Debug)]
pub(super) struct Sheet {
    every: u64,
    pub(super) tiles: Vec<Tile>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Tile {
    /// Which image it is, from 0.
    pub(super) number: u64,
    pub(super) row: Option<u64>,
    pub(super) file: String,
    pub(super) line: u64,
    pub(super) item: u32,
    /// What it is, in a few words.
    pub(super) said: String,
    pub(super) thumb: Thumb,
}

impl Default for Sheet {
    fn default() -> Self {
        Self { every: 1, tiles: Vec::new() }
    }
}

impl Sheet {
    /// A sheet for about so many images, so that few pictures are made for nothing.
    pub(super) fn expecting(images: u64) -> Self {
        Self { every: images.div_ceil(MOST as u64).max(1).next_power_of_two(), tiles: Vec::new() }
    }

    /// Whether it has a place for this image.
    pub(super) fn wants(&self, number: u64) -> bool {
        number.is_multiple_of(self.every)
    }

    pub(super) fn put(&mut self, tile: Tile) {
        self.tiles.push(tile);
        while self.tiles.len() > MOST {
            self.every *= 2;
            let every = self.every;
            self.tiles.retain(|tile| tile.number.is_multiple_of(every));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_lies_evenly_over_all_images() {
        for mut sheet in [Sheet::default(), Sheet::expecting(500), Sheet::expecting(1 << 40)] {
            for number in (0..1000).filter(|&n| n != 0) {
                if sheet.wants(number) {
                    let thumb = Thumb { width: 1, height: 1, channels: 1, pixels: vec![0] };
                    let (file, said) = (String::new(), String::new());
                    sheet.put(Tile { number, row: None, file, line: 0, item: 0, said, thumb });
                }
            }
            let numbers: Vec<u64> = sheet.tiles.iter().map(|t| t.number).collect();
            assert!(numbers.len() <= MOST);
            let steps: Vec<u64> = numbers.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(steps.iter().all(|step| *step == steps[0]), "{numbers:?}");
        }
        assert_eq!(Sheet::expecting(500).every, 8);
    }
}

//! Small pictures for a terminal: half blocks, two pixels over each other in every cell.

use super::thumb::Thumb;

/// Cells that a picture takes at most, from left to right, and those between two of them.
pub(crate) const CELLS: usize = 24;
const GAP: usize = 2;

/// How many pictures have room beside each other.
pub(super) fn fit(columns: usize) -> usize {
    (columns.saturating_add(GAP) / (CELLS + GAP)).max(1)
}

/// Pictures beside each other, as many as `columns` have room for, each with a line below.
pub(crate) fn beside(pictures: &[(Thumb, String)], columns: usize) -> String {
    let mut text = String::new();
    for line in pictures.chunks(fit(columns)) {
        let cells =
            line.iter().map(|(thumb, _)| thumb.height.div_ceil(2)).max().unwrap_or_default();
        for row in 0..cells {
            for (thumb, _) in line {
                // They stand on one line.
                let above = cells - thumb.height.div_ceil(2);
                let drawn = match row.checked_sub(above) {
                    Some(row) => half_blocks(&mut text, thumb, row),
                    None => 0,
                };
                text.extend(std::iter::repeat_n(' ', CELLS + GAP - drawn));
            }
            text.truncate(text.trim_end_matches(' ').len());
            text.push('\n');
        }
        for (_, said) in line {
            let said = crate::report::shown(said);
            let said: String = match said.chars().count() > CELLS {
                true => {
                    let tail: Vec<char> = said.chars().rev().take(CELLS - 1).collect();
                    std::iter::once('…').chain(tail.into_iter().rev()).collect()
                }
                false => said.into_owned(),
            };
            text.push_str(&format!("{said:width$}", width = CELLS + GAP));
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text
}

/// Two rows of pixels, and how many cells they took.
fn half_blocks(text: &mut String, thumb: &Thumb, row: usize) -> usize {
    for x in 0..thumb.width {
        let [r, g, b] = colour(thumb, 2 * row, x);
        text.push_str(&format!("\x1b[38;2;{r};{g};{b}m"));
        if 2 * row + 1 < thumb.height {
            let [r, g, b] = colour(thumb, 2 * row + 1, x);
            text.push_str(&format!("\x1b[48;2;{r};{g};{b}m"));
        }
        text.push('▀');
        if 2 * row + 1 >= thumb.height {
            text.push_str("\x1b[49m");
        }
    }
    text.push_str("\x1b[0m");
    thumb.width
}

/// The colour of a pixel, on gray where it is transparent.
fn colour(thumb: &Thumb, y: usize, x: usize) -> [u8; 3] {
    let pixel = &thumb.pixels[(y * thumb.width + x) * thumb.channels..][..thumb.channels];
    let (rgb, alpha) = match *pixel {
        [v] => ([v; 3], 255),
        [v, a] => ([v; 3], a),
        [r, g, b] => ([r, g, b], 255),
        [r, g, b, a] => ([r, g, b], a),
        _ => ([0; 3], 255),
    };
    rgb.map(|v| ((u32::from(v) * u32::from(alpha) + 128 * (255 - u32::from(alpha))) / 255) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_stand_beside_each_other_and_names_do_not_act() {
        let thumb = |height: usize| Thumb {
            width: 1,
            height,
            channels: 2,
            pixels: [9, 255].repeat(height),
        };
        let pictures = [(thumb(3), "a\u{1b}[2J".to_string()), (thumb(1), "b".repeat(40))];
        let text = beside(&pictures, 80);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "two lines of cells, one of names");
        assert_eq!(lines[0], "\u{1b}[38;2;9;9;9m\u{1b}[48;2;9;9;9m▀\u{1b}[0m");
        assert_eq!(lines[1].matches('▀').count(), 2);
        assert_eq!(lines[2], format!("{:26}…{}", "a\\u{1b}[2J", "b".repeat(23)));
        assert_eq!(beside(&pictures, 10).lines().count(), 5, "one below the other");
        assert_eq!(beside(&[], 80), "");
    }
}

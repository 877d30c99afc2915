//! Several pictures (bands) as one: along a new first axis, or their channels one after another.
//!
//! [`shape`] says what comes out, or why the bands do not fit together (kind `shape`); [`place`] lays the
//! pixels of one band into the slot of all, so that bands can be decoded one by one.

use crate::error::{Error, Result};
use crate::options::{Frames, Layout, Stack};
use crate::plan::Steps;
use crate::shape::Shape;

/// The shape of the bands together, each laid out as a row of its own would be.
pub(crate) fn shape(steps: &Steps, bands: &[Shape]) -> Result<Shape> {
    let Some(first) = bands.first() else { return Err(Error::shape("no bands to stack")) };
    let differ = |band: &Shape| {
        Error::shape(format!("bands of shape {first} and {band} do not stack; they must agree"))
    };
    if steps.stack != Stack::Channel {
        return match bands.iter().find(|b| *b != first) {
            Some(band) => Err(differ(band)),
            None => Shape::new(&[&[bands.len()], &first[..]].concat()),
        };
    }
    let (lead, height, width, _) = parts(steps, first)?;
    let mut channels = 0;
    for band in bands {
        let (frames, h, w, c) = parts(steps, band)?;
        if (frames, h, w) != (lead, height, width) {
            return Err(differ(band));
        }
        channels += c;
    }
    let picture = match steps.layout {
        Layout::Hwc => [height, width, channels],
        Layout::Chw => [channels, height, width],
    };
    Shape::new(&[lead, &picture].concat())
}

/// The axis of frames if there is one, height, width and channels of a laid out picture.
fn parts<'s>(steps: &Steps, shape: &'s Shape) -> Result<(&'s [usize], usize, usize, usize)> {
    let lead = usize::from(steps.frames == Frames::All).min(shape.len());
    let (lead, picture) = shape.split_at(lead);
    match (steps.layout, picture) {
        (_, &[height, width]) => Ok((lead, height, width, 1)),
        (Layout::Hwc, &[height, width, channels]) | (Layout::Chw, &[channels, height, width]) => {
            Ok((lead, height, width, channels))
        }
        _ => Err(Error::shape(format!(
            "an array of shape {shape} is not a picture whose channels could be stacked"
        ))),
    }
}

/// Lays the pixels of a band into `out`, which has `shape` and elements of any size; `before` bytes of
/// bands in front of it are there already.
pub(crate) fn place(steps: &Steps, shape: &Shape, band: &[u8], before: usize, out: &mut [u8]) {
    let axes = match (steps.stack, steps.layout) {
        (Stack::Channel, Layout::Hwc) => &shape[..shape.len() - 1],
        (Stack::Channel, Layout::Chw) => &shape[..shape.len() - 3],
        (Stack::Off | Stack::NewAxis, _) => &[],
    };
    let runs = axes.iter().product::<usize>().max(1);
    let (len, start, step) = (band.len() / runs, before / runs, out.len() / runs);
    match len {
        // One to four channels of the usual sizes: a copy of a known length is a load and a store.
        1 => strew::<1>(band, start, step, out),
        2 => strew::<2>(band, start, step, out),
        3 => strew::<3>(band, start, step, out),
        4 => strew::<4>(band, start, step, out),
        _ => {
            for (run, from) in out.chunks_exact_mut(step.max(1)).zip(band.chunks_exact(len.max(1)))
            {
                run[start..start + len].copy_from_slice(from);
            }
        }
    }
}

fn strew<const N: usize>(band: &[u8], start: usize, step: usize, out: &mut [u8]) {
    for (run, from) in out.chunks_exact_mut(step).zip(band.as_chunks::<N>().0) {
        run[start..start + N].copy_from_slice(from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(stack: Stack, layout: Layout, frames: Frames) -> Steps {
        Steps { stack, layout, frames, ..Steps::default() }
    }

    /// What bands with these axes, filled with 1, 2, 3 and so on, become.
    fn stacked(steps: &Steps, bands: &[&[usize]]) -> Result<(Vec<usize>, Vec<u8>)> {
        let shapes: Vec<Shape> = bands.iter().map(|b| Shape::new(b)).collect::<Result<_>>()?;
        let shape = shape(steps, &shapes)?;
        let mut out = vec![0; shape.iter().product()];
        let mut before = 0;
        for (band, value) in shapes.iter().zip(1..) {
            let pixels = vec![value; band.iter().product()];
            place(steps, &shape, &pixels, before, &mut out);
            before += pixels.len();
        }
        Ok((shape.to_vec(), out))
    }

    #[test]
    fn bands_come_in_the_order_given() {
        let check = |steps: Steps, bands: &[&[usize]], shape: &[usize], out: &[u8]| {
            let found = stacked(&steps, bands).expect("fits");
            assert_eq!(found, (shape.to_vec(), out.to_vec()), "{steps:?}");
        };
        let first = Frames::First;
        check(
            steps(Stack::NewAxis, Layout::Hwc, first),
            &[&[1, 2], &[1, 2]],
            &[2, 1, 2],
            &[1, 1, 2, 2],
        );
        let hwc = steps(Stack::Channel, Layout::Hwc, first);
        check(hwc, &[&[1, 2], &[1, 2, 2]], &[1, 2, 3], &[1, 2, 2, 1, 2, 2]);
        let chw = steps(Stack::Channel, Layout::Chw, first);
        check(chw, &[&[1, 2], &[2, 1, 2]], &[3, 1, 2], &[1, 1, 2, 2, 2, 2]);
        let films = steps(Stack::Channel, Layout::Chw, Frames::All);
        check(films, &[&[2, 1, 2], &[2, 1, 2]], &[2, 2, 1, 2], &[1, 1, 2, 2, 1, 1, 2, 2]);
    }

    #[test]
    fn bands_that_differ_do_not_stack() {
        let check = |stack, bands: &[&[usize]]| {
            let steps = steps(stack, Layout::Hwc, Frames::First);
            assert!(stacked(&steps, bands).is_err(), "{bands:?}");
        };
        check(Stack::NewAxis, &[&[1, 2], &[1, 2, 2]]);
        check(Stack::Channel, &[&[1, 2], &[2, 1]]);
        check(Stack::Channel, &[&[4], &[4]]);
        check(Stack::Channel, &[]);
    }
}

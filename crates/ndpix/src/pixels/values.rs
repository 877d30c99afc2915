//! From one dtype to another: a value that does not fit is an error, never a wrap.
//!
//! To floats: divided by the largest number of the stored integers (`scale unit`), then
//! `(x - mean) / std`; in single precision for float32 and float16, step by step, as torchvision's
//! `ToTensor` and `Normalize` do, in double precision for float64. To integers: the very number, or
//! the full range of one unsigned dtype on that of another, rounded (`scale full`).

use super::sample::{Half, Sample, range, with_sample};
use crate::dtype::{DType, Depth};
use crate::error::{Error, Result};
use crate::format::Rescale;
use crate::options::Scale;

/// How samples change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Change<'a> {
    /// As stored.
    pub(crate) from: Depth,
    /// As wanted.
    pub(crate) to: DType,
    /// The rule of scaling.
    pub(crate) scale: Scale,
    /// Means and deviations, one for all channels or one each.
    pub(crate) normalize: Option<(&'a [f64], &'a [f64])>,
    /// Samples of a pixel.
    pub(crate) channels: usize,
}

impl Change<'_> {
    /// Whether the bytes stay as they are.
    pub(crate) fn is_none(&self) -> bool {
        let scaled = match self.scale {
            Scale::None => false,
            Scale::Unit => !self.from.dtype.is_float(),
            Scale::Full => !self.from.is_full(),
        };
        self.from.dtype == self.to && self.normalize.is_none() && !scaled
    }

    /// Refuses what no image of the stored dtype can come through (kind `shape`).
    pub(crate) fn check(&self) -> Result<()> {
        let no = |text: String| Err(Error::shape(text));
        let (from, to, channels) = (self.from.dtype, self.to, self.channels);
        if let Some((mean, _)) = self.normalize
            && mean.len() != 1
            && mean.len() != channels
        {
            return no(format!("{} means for {channels} channels", mean.len()));
        }
        if to == DType::Bool && from != to {
            return no(format!("{from} samples cannot be converted to bool"));
        }
        if self.scale == Scale::Unit && !from.is_float() && from.size() > 2 {
            return no(format!(
                "scale unit divides by the largest {from}, which leaves little of most numbers; leave scale out to keep them as they are, or pass raw_dtype to say what range lists and bare pixels have"
            ));
        }
        let unsigned = |d| matches!(d, DType::Uint8 | DType::Uint16 | DType::Uint32);
        if self.scale == Scale::Full && !self.is_none() && !(unsigned(from) && unsigned(to)) {
            return no(format!(
                "scale full converts between unsigned integers, not from {from} to {to}"
            ));
        }
        Ok(())
    }
}

/// Fills `out` with the quantities that `src`, samples of dtype `from`, stand for, NaN for blank ones; kind `shape`
/// where one is beyond their dtype. In single precision for float32, as Astropy does it, else in double precision.
pub(crate) fn rescale(src: &[u8], from: DType, rescale: &Rescale, out: &mut [u8]) -> Result<()> {
    with_sample!(from, quantities(src, rescale, out))
}

fn quantities<S: Sample>(src: &[u8], rescale: &Rescale, out: &mut [u8]) -> Result<()> {
    let (slope, intercept) = (rescale.slope, rescale.intercept);
    let single = rescale.dtype == DType::Float32;
    let size = rescale.dtype.size();
    for (sample, slot) in src.chunks_exact(S::SIZE).zip(out.chunks_exact_mut(size)) {
        if rescale.blank.is_some() && S::integer(sample) == rescale.blank {
            if single {
                f32::put(f64::NAN, slot)
            } else {
                f64::put(f64::NAN, slot)
            }
            continue;
        }
        let stored = S::get(sample);
        let quantity = if single {
            let quantity = stored as f32 * slope as f32 + intercept as f32;
            f32::put(f64::from(quantity), slot);
            f64::from(quantity)
        } else {
            f64::put(stored * slope + intercept, slot);
            stored * slope + intercept
        };
        if quantity.is_infinite() && stored.is_finite() {
            let dtype = rescale.dtype;
            return Err(Error::shape(format!("{stored} as a quantity does not fit {dtype}")));
        }
    }
    Ok(())
}

/// Fills `out` with the samples of `src`, changed; kind `shape` where one does not fit.
pub(crate) fn convert(src: &[u8], change: &Change<'_>, out: &mut [u8]) -> Result<()> {
    change.check()?;
    match change.to {
        DType::Float64 => with_sample!(change.from.dtype, to_double(src, change, out)),
        DType::Float32 => with_sample!(change.from.dtype, single(src, change, out)),
        DType::Float16 => with_sample!(change.from.dtype, half(src, change, out)),
        _ => with_sample!(change.from.dtype, to_integer(src, change, out)),
    }
}

fn to_integer<S: Sample>(src: &[u8], change: &Change<'_>, out: &mut [u8]) -> Result<()> {
    let size = change.to.size();
    let (low, high) = range(change.to).unwrap_or((0, 0));
    let most = change.from.most().unwrap_or(1) as u64;
    let full = change.scale == Scale::Full && !change.is_none();
    for (sample, slot) in src.chunks_exact(S::SIZE).zip(out.chunks_exact_mut(size)) {
        let value = match S::integer(sample) {
            // At most 32 bits each, so the product fits.
            Some(v) if full => Some(((v as u64 * high as u64 + most / 2) / most) as i64),
            other => other,
        };
        match value.filter(|v| (low..=high).contains(v)) {
            Some(v) => slot.copy_from_slice(&v.to_le_bytes()[..size]),
            None => return Err(misfit(S::get(sample), change)),
        }
    }
    Ok(())
}

fn misfit(value: f64, change: &Change<'_>) -> Error {
    let remedy = match (change.from.dtype, change.to) {
        (DType::Uint16, DType::Uint8) => "; scale full maps the whole range",
        _ => "",
    };
    Error::shape(format!("{value} does not fit {}{remedy}", change.to))
}

/// The divisor of `scale unit`.
fn unit(change: &Change<'_>) -> f64 {
    match change.scale {
        Scale::Unit => change.from.most().map_or(1.0, |most| most as f64),
        _ => 1.0,
    }
}

/// Mean and deviation of each channel.
fn per_channel(change: &Change<'_>) -> Vec<(f64, f64)> {
    let (mean, std) = change.normalize.unwrap_or((&[0.0], &[1.0]));
    (0..change.channels.max(1))
        .map(|c| if mean.len() == 1 { (mean[0], std[0]) } else { (mean[c], std[c]) })
        .collect()
}

fn single<S: Sample>(src: &[u8], change: &Change<'_>, out: &mut [u8]) -> Result<()> {
    to_single::<S, f32>(src, change, out)
}

fn half<S: Sample>(src: &[u8], change: &Change<'_>, out: &mut [u8]) -> Result<()> {
    to_single::<S, Half>(src, change, out)
}

fn to_single<S: Sample, T: Sample>(src: &[u8], change: &Change<'_>, out: &mut [u8]) -> Result<()> {
    let divisor = unit(change) as f32;
    let channels: Vec<(f32, f32)> =
        per_channel(change).iter().map(|&(m, s)| (m as f32, s as f32)).collect();
    let plain = change.normalize.is_none();
    let one = |sample: &[u8], (mean, std): (f32, f32), slot: &mut [u8]| -> Result<()> {
        let mut x = S::get(sample) as f32;
        if divisor != 1.0 {
            x /= divisor;
        }
        T::put(f64::from(if plain { x } else { (x - mean) / std }), slot);
        if T::get(slot).is_infinite() && S::get(sample).is_finite() {
            return Err(misfit(S::get(sample), change));
        }
        Ok(())
    };
    if S::SIZE == 1 && src.len() >= TABLE_FROM {
        // Without means all channels have the same table, and a value that does not fit has none.
        let kinds = if plain { &channels[..1] } else { &channels[..] };
        let mut table = vec![0; kinds.len() * 256 * T::SIZE];
        let slots = table.chunks_exact_mut(T::SIZE).enumerate();
        let mut slots = slots.map(|(i, slot)| one(&[i as u8], kinds[i >> 8], slot));
        if slots.all(|made| made.is_ok()) {
            match T::SIZE {
                2 => look_up::<2>(src, &table, out),
                _ => look_up::<4>(src, &table, out),
            }
            return Ok(());
        }
    }
    if channels.len() == 1 || plain {
        let mut pairs = src.chunks_exact(S::SIZE).zip(out.chunks_exact_mut(T::SIZE));
        return pairs.try_for_each(|(sample, slot)| one(sample, channels[0], slot));
    }
    let pairs = src.chunks_exact(S::SIZE).zip(out.chunks_exact_mut(T::SIZE));
    let mut pairs = pairs.zip(channels.iter().cycle());
    pairs.try_for_each(|((sample, slot), &channel)| one(sample, channel, slot))
}

/// Samples of one byte from which on a table of their values is made: it has 256 for each channel.
const TABLE_FROM: usize = 1024;

/// Fills `out` with the entries of `table` for the bytes of `src`: 256 entries of `N` bytes for each
/// channel, or for all.
fn look_up<const N: usize>(src: &[u8], table: &[u8], out: &mut [u8]) {
    let tables = table.as_chunks::<N>().0.as_chunks::<256>().0;
    let slots = out.as_chunks_mut::<N>().0;
    match tables {
        [all] => slots.iter_mut().zip(src).for_each(|(slot, &v)| *slot = all[usize::from(v)]),
        [red, green, blue] => {
            let pixels = slots.as_chunks_mut::<3>().0.iter_mut().zip(src.as_chunks::<3>().0);
            pixels.for_each(|(slots, &[r, g, b])| {
                *slots = [red[usize::from(r)], green[usize::from(g)], blue[usize::from(b)]];
            });
        }
        _ => {
            let samples = slots.iter_mut().zip(src).zip(tables.iter().cycle());
            samples.for_each(|((slot, &v), table)| *slot = table[usize::from(v)]);
        }
    }
}

fn to_double<S: Sample>(src: &[u8], change: &Change<'_>, out: &mut [u8]) -> Result<()> {
    let divisor = unit(change);
    let channels = per_channel(change);
    let samples = src.chunks_exact(S::SIZE).zip(out.chunks_exact_mut(8));
    for ((sample, slot), (mean, std)) in samples.zip(channels.iter().cycle()) {
        f64::put((S::get(sample) / divisor - mean) / std, slot);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(from: DType, to: DType, scale: Scale) -> Change<'static> {
        let from = Depth::of(from);
        Change { from, to, scale, normalize: None, channels: 1 }
    }

    fn run(src: &[u8], change: &Change<'_>) -> Result<Vec<u8>> {
        let mut out = vec![0; src.len() / change.from.dtype.size() * change.to.size()];
        convert(src, change, &mut out).map(|()| out)
    }

    #[test]
    fn quantities_are_worked_out_in_their_dtype() {
        let mut line =
            Rescale { slope: 0.1, intercept: -1024.0, blank: None, dtype: DType::Float64 };
        let mut out = [0; 8];
        rescale(&[7, 0], DType::Int16, &line, &mut out).expect("fits");
        assert_eq!(out, (7.0 * 0.1 - 1024.0f64).to_le_bytes());
        line.dtype = DType::Float32;
        rescale(&[7, 0], DType::Int16, &line, &mut out[..4]).expect("fits");
        assert_eq!(out[..4], (7.0 * 0.1 - 1024.0f32).to_le_bytes());
        line.slope = 1e39;
        assert!(rescale(&[7, 0], DType::Int16, &line, &mut out[..4]).is_err());
    }

    #[test]
    fn blank_numbers_have_no_quantity() {
        for dtype in [DType::Float32, DType::Float64] {
            // Of each dtype the number of these bytes, and 1.
            for (from, blank) in [
                (DType::Uint8, 200),
                (DType::Int8, -56),
                (DType::Int16, -56),
                (DType::Int32, -56),
                (DType::Int64, -56),
            ] {
                let line = Rescale { slope: 2.0, intercept: 0.5, blank: Some(blank), dtype };
                let numbers = [blank, 1].map(|n| n.to_le_bytes()[..from.size()].to_vec()).concat();
                let mut out = vec![0; 2 * dtype.size()];
                rescale(&numbers, from, &line, &mut out).expect("fits");
                let numbers: Vec<f64> = match dtype {
                    DType::Float32 => out.chunks_exact(4).map(f32::get).collect(),
                    _ => out.chunks_exact(8).map(f64::get).collect(),
                };
                assert!(numbers[0].is_nan() && numbers[1] == 2.5, "{from} {dtype} {numbers:?}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let deep = change(DType::Uint16, DType::Uint8, Scale::None);
        assert_eq!(run(&[200, 0], &deep).expect("fits"), [200]);
        let e = run(&[0, 1], &deep).expect_err("256");
        assert!(e.message().contains("scale full"), "{e}");
        let fraction = change(DType::Float32, DType::Uint8, Scale::None);
        assert!(run(&1.5f32.to_le_bytes(), &fraction).is_err());
        assert_eq!(run(&2f32.to_le_bytes(), &fraction).expect("fits"), [2]);
        assert!(run(&f32::NAN.to_le_bytes(), &fraction).is_err());
        assert!(run(&[255, 255], &change(DType::Uint16, DType::Float16, Scale::None)).is_err());
        assert!(run(&[1], &change(DType::Uint8, DType::Bool, Scale::None)).is_err());
        assert!(run(&[1, 0, 0, 0], &change(DType::Int32, DType::Float32, Scale::Unit)).is_err());
    }

    #[test]
    fn scales_have_names() {
        let down = change(DType::Uint16, DType::Uint8, Scale::Full);
        assert_eq!(run(&[255, 255, 0, 0, 128, 0, 129, 0], &down).expect("fits"), [255, 0, 0, 1]);
        let up = change(DType::Uint8, DType::Uint16, Scale::Full);
        assert_eq!(run(&[1, 255], &up).expect("fits"), [1, 1, 255, 255]);
        let unit = change(DType::Uint8, DType::Float32, Scale::Unit);
        assert_eq!(run(&[51], &unit).expect("fits"), (51f32 / 255.0).to_le_bytes());
        let half = change(DType::Uint8, DType::Float16, Scale::Unit);
        assert_eq!(run(&[255], &half).expect("fits"), [0, 0x3C]);
    }

    #[test]
    fn a_table_gives_what_one_sample_gives() {
        let (mean, std): (&[f64], &[f64]) =
            (&[0.485, 0.456, 0.406, 0.1], &[0.229, 0.224, 0.225, 1e-3]);
        let long: Vec<u8> = (0..TABLE_FROM * 3).map(|i| ((i * 7) >> 2) as u8).collect();
        for (from, to, channels) in [1usize, 2, 3, 4].into_iter().flat_map(|c| {
            [DType::Uint8, DType::Int8, DType::Bool]
                .into_iter()
                .flat_map(move |from| [DType::Float16, DType::Float32].map(|to| (from, to, c)))
        }) {
            for normalize in
                [None, Some((&mean[..1], &std[..1])), Some((&mean[..channels], &std[..channels]))]
            {
                let change = Change { normalize, channels, ..change(from, to, Scale::Unit) };
                let whole = run(&long, &change);
                let pieces: Result<Vec<_>> =
                    long.chunks(12).map(|piece| run(piece, &change)).collect();
                assert_eq!(whole.is_ok(), pieces.is_ok());
                assert_eq!(whole.ok(), pieces.ok().map(|p| p.concat()), "{change:?}");
            }
        }
    }

    #[test]
    fn a_value_that_does_not_fit_is_named_by_a_table_too() {
        let tiny: (&[f64], &[f64]) = (&[0.0], &[1e-3]);
        let change =
            Change { normalize: Some(tiny), ..change(DType::Uint8, DType::Float16, Scale::None) };
        let mut long = vec![5; 2 * TABLE_FROM];
        assert!(run(&long, &change).is_ok(), "only values that are there have to fit");
        long[TABLE_FROM] = 99;
        assert!(run(&long, &change).expect_err("99,000").message().contains("99 does not fit"));
    }

    #[test]
    fn means_and_deviations_are_one_a_channel() {
        let both: (&[f64], &[f64]) = (&[0.5, 0.25], &[0.5, 0.125]);
        let change = Change {
            normalize: Some(both),
            channels: 2,
            ..change(DType::Uint8, DType::Float64, Scale::Unit)
        };
        let out = run(&[255, 255], &change).expect("fits");
        assert_eq!(out, [1f64.to_le_bytes(), 6f64.to_le_bytes()].concat());
        assert!(run(&[1], &Change { channels: 3, ..change }).is_err());
    }
}

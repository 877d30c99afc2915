//! From one dtype to another: a value that does not fit is an error, never a wrap.
//!
//! To floats: divided by the largest of the stored integer dtype (`scale unit`), then
//! `(x - mean) / std`; in single precision for float32 and float16, step by step, as torchvision's
//! `ToTensor` and `Normalize` do, in double precision for float64. To integers: the very number, or
//! the full range of one unsigned dtype on that of another, rounded (`scale full`).

use super::sample::{Sample, range, with_sample};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::options::Scale;

/// How samples change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Change<'a> {
    /// As stored.
    pub(crate) from: DType,
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
        let scaled = self.scale == Scale::Unit && !self.from.is_float();
        self.from == self.to && self.normalize.is_none() && !scaled
    }

    /// Refuses what no image of the stored dtype can come through (kind `shape`).
    pub(crate) fn check(&self) -> Result<()> {
        let no = |text: String| Err(Error::shape(text));
        let (from, to, channels) = (self.from, self.to, self.channels);
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
                "scale unit divides by the largest {from}; pass raw_dtype to say what range the images have"
            ));
        }
        let unsigned = |d| matches!(d, DType::Uint8 | DType::Uint16 | DType::Uint32);
        if self.scale == Scale::Full && from != to && !(unsigned(from) && unsigned(to)) {
            return no(format!(
                "scale full converts between unsigned integers, not from {from} to {to}"
            ));
        }
        Ok(())
    }
}

/// Fills `out` with the samples of `src`, changed; kind `shape` where one does not fit.
pub(crate) fn convert(src: &[u8], change: &Change<'_>, out: &mut [u8]) -> Result<()> {
    change.check()?;
    match change.to {
        DType::Float64 => with_sample!(change.from, to_double(src, change, out)),
        DType::Float32 | DType::Float16 => with_sample!(change.from, to_single(src, change, out)),
        _ => with_sample!(change.from, to_integer(src, change, out)),
    }
}

fn to_integer<S: Sample>(src: &[u8], change: &Change<'_>, out: &mut [u8]) -> Result<()> {
    let size = change.to.size();
    let (low, high) = range(change.to).unwrap_or((0, 0));
    let most = range(change.from).map_or(1, |r| r.1) as u64;
    let full = change.scale == Scale::Full && change.from != change.to;
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
    let remedy = match (change.from, change.to) {
        (DType::Uint16, DType::Uint8) => "; scale full maps the whole range",
        _ => "",
    };
    Error::shape(format!("{value} does not fit {}{remedy}", change.to))
}

/// The divisor of `scale unit`.
fn unit(change: &Change<'_>) -> f64 {
    match change.scale {
        Scale::Unit => range(change.from).map_or(1.0, |r| r.1 as f64),
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

fn to_single<S: Sample>(src: &[u8], change: &Change<'_>, out: &mut [u8]) -> Result<()> {
    let divisor = unit(change) as f32;
    let channels: Vec<(f32, f32)> =
        per_channel(change).iter().map(|&(m, s)| (m as f32, s as f32)).collect();
    let plain = change.normalize.is_none();
    let one = |sample: &[u8], channel: usize| -> f32 {
        let mut x = S::get(sample) as f32;
        if divisor != 1.0 {
            x /= divisor;
        }
        let (mean, std) = channels[channel];
        if plain { x } else { (x - mean) / std }
    };
    // A byte has few values: each is worked out once for each channel.
    let table: Vec<f32> = match S::SIZE {
        1 => (0..channels.len())
            .flat_map(|c| (0..=255u8).map(move |v| (c, v)))
            .map(|(c, v)| one(&[v], c))
            .collect(),
        _ => Vec::new(),
    };
    let size = change.to.size();
    let mut channel = 0;
    for (sample, slot) in src.chunks_exact(S::SIZE).zip(out.chunks_exact_mut(size)) {
        let value = match table.get(channel << 8 | usize::from(sample[0])) {
            Some(&value) if S::SIZE == 1 => value,
            _ => one(sample, channel),
        };
        channel = if channel + 1 == channels.len() { 0 } else { channel + 1 };
        match size {
            4 => f32::put(f64::from(value), slot),
            _ => super::sample::Half::put(f64::from(value), slot),
        }
        let lost = match size {
            4 => value.is_infinite(),
            _ => super::sample::Half::get(slot).is_infinite(),
        };
        if lost && S::get(sample).is_finite() {
            return Err(misfit(S::get(sample), change));
        }
    }
    Ok(())
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
        Change { from, to, scale, normalize: None, channels: 1 }
    }

    fn run(src: &[u8], change: &Change<'_>) -> Result<Vec<u8>> {
        let mut out = vec![0; src.len() / change.from.size() * change.to.size()];
        convert(src, change, &mut out).map(|()| out)
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

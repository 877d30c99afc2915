//! The twins against each other, and a few results of Pillow. The wide comparison with Pillow is
//! `tests/python/test_resize.py`.

use super::*;

/// Reproducible noise (xorshift), without a dependency.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn bytes(&mut self, n: usize) -> Vec<u8> {
        // Extremes are frequent, so that sums overshoot.
        (0..n)
            .map(|_| match self.below(4) {
                0 => 0,
                1 => 255,
                _ => self.next() as u8,
            })
            .collect()
    }
}

fn whole(from: (usize, usize)) -> [f32; 4] {
    [0.0, 0.0, from.1 as f32, from.0 as f32]
}

fn resized(src: &[u8], job: &Job, allowed: Passes) -> Vec<u8> {
    let mut out = vec![7; job.to.0 * job.to.1 * job.channels * job.dtype.size()];
    let mut resizer = Resizer { allowed, ..Resizer::default() };
    resizer.resize(&mut src.to_vec(), job, &mut out).expect("a resize");
    out
}

#[test]
fn twins_give_the_same_bytes() {
    let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
    let (cases, most) = if cfg!(miri) { (16, 20) } else { (600, 60) };
    for case in 0..cases {
        let mut side = || 1 + noise.below(most);
        let (from, to) = ((side(), side()), (side(), side()));
        let channels = 1 + noise.below(4);
        let filter = Resample::ALL[noise.below(6)];
        let mut region = whole(from);
        if noise.below(2) == 0 {
            region = [region[2] * 0.1, region[3] * 0.07, region[2] * 0.93, region[3] * 0.81];
        }
        let alpha = channels.is_multiple_of(2);
        let job = Job { from, to, channels, dtype: DType::Uint8, bits: 8, alpha, region, filter };
        let src = noise.bytes(from.0 * from.1 * channels);
        let plain = resized(&src, &job, Passes::Plain);
        assert!(plain == resized(&src, &job, Passes::Avx2), "case {case}: {job:?}");
        assert!(plain == resized(&src, &job, Passes::Any), "case {case}: {job:?}");
    }
}

fn line(dtype: DType, values: &[u16], out: usize, filter: Resample) -> Vec<u8> {
    let src: Vec<u8> = match dtype {
        DType::Uint8 => values.iter().map(|&v| v as u8).collect(),
        _ => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
    };
    let from = (1, values.len());
    let job = Job {
        from,
        to: (1, out),
        channels: 1,
        dtype,
        bits: Depth::of(dtype).bits,
        alpha: false,
        region: whole(from),
        filter,
    };
    resized(&src, &job, Passes::Any)
}

#[test]
fn results_of_pillow() {
    let step = [0, 0, 0, 255, 255, 255];
    // np.asarray(Image.fromarray(np.array([step], "u1")).resize((3, 1), FILTER))
    assert_eq!(line(DType::Uint8, &step, 3, Resample::Bilinear), [0, 128, 255]);
    assert_eq!(line(DType::Uint8, &step, 3, Resample::Nearest), [0, 255, 255]);
    assert_eq!(line(DType::Uint8, &step, 3, Resample::Box), [0, 128, 255]);
}

#[test]
fn deep_samples_saturate() {
    let step = [0, 0, 0, 0, 65535, 65535, 65535, 65535];
    let out = line(DType::Uint16, &step, 32, Resample::Lanczos);
    let values: Vec<u16> = out.as_chunks::<2>().0.iter().map(|b| u16::from_le_bytes(*b)).collect();
    // Image.fromarray(np.array([step], "u2")).resize((32, 1), LANCZOS) of Pillow 13.
    assert_eq!(values[..9], [0, 0, 0, 0, 0, 0, 123, 1059, 2028]);
    assert_eq!(values[14..20], [6022, 22907, 42628, 59513, 65535, 65535]);
    assert_eq!(values[22..26], [64192, 63507, 64476, 65412]);
}

#[test]
fn booleans_are_only_picked() {
    let from = (2, 2);
    let job = Job {
        from,
        to: (4, 4),
        channels: 1,
        dtype: DType::Bool,
        bits: 8,
        alpha: false,
        region: whole(from),
        filter: Resample::Bilinear,
    };
    let mut out = [0; 16];
    let e = Resizer::default().resize(&mut [0, 1, 1, 0], &job, &mut out).expect_err("refused");
    assert!(e.message().contains("nearest"), "{e}");
    let job = Job { filter: Resample::Nearest, ..job };
    Resizer::default().resize(&mut [0, 1, 1, 0], &job, &mut out).expect("picked");
    assert_eq!(out[..8], [0, 0, 1, 1, 0, 0, 1, 1]);
}

#[test]
fn alpha_of_few_bits_is_full_where_these_end() {
    let from = (8, 8);
    for (pixel, bits) in [([7, 12, 3, 15], 4), ([70, 120, 30, 255], 8)] {
        let job = Job {
            from,
            to: (4, 4),
            channels: 4,
            dtype: DType::Uint8,
            bits,
            alpha: true,
            region: whole(from),
            filter: Resample::Bilinear,
        };
        let out = resized(&pixel.repeat(64), &job, Passes::Any);
        assert_eq!(out, pixel.repeat(16), "{bits} bits");
    }
}

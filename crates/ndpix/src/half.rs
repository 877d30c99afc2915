//! A leaf: `float16` and back, rounding to even as NumPy does; IEEE 754 binary16.

/// Two to the power of `n`, which must be an exponent of a normal double.
fn power(n: i32) -> f64 {
    f64::from_bits(((n + 1023) as u64) << 52)
}

/// The value of the half with these bits.
pub(crate) fn to_f64(bits: u16) -> f64 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1F), f64::from(bits & 0x3FF));
    sign * match exponent {
        0 => fraction * power(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        e => (1024.0 + fraction) * power(e - 25),
    }
}

/// The bits of the half nearest to `value`, ties to even; infinity beyond the range.
pub(crate) fn from_f64(value: f64) -> u16 {
    let sign = if value.is_sign_negative() { 0x8000 } else { 0 };
    let size = value.abs();
    if size.is_nan() {
        return sign | 0x7E00;
    }
    // 65520 is half-way to what would be the next value, and ties go to the even infinity.
    if size >= 65520.0 {
        return sign | 0x7C00;
    }
    // Below 2^-14 the spacing stays 2^-24; above, eleven significant bits.
    let exponent = ((size.to_bits() >> 52) as i32 - 1023).max(-14);
    let steps = (size * power(10 - exponent)).round_ties_even() as u16;
    // A carry out of the fraction is a carry into the exponent, which is what the sum does.
    sign | ((((exponent + 14) as u16) << 10) + steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_comes_back() {
        for bits in 0..=u16::MAX {
            let value = to_f64(bits);
            if value.is_nan() {
                assert!(to_f64(from_f64(value)).is_nan());
            } else {
                assert_eq!(from_f64(value), bits, "{value}");
            }
        }
    }

    #[test]
    fn ties_go_to_even() {
        assert_eq!(from_f64(1.0), 0x3C00);
        assert_eq!(from_f64(1.0 + 2f64.powi(-11)), 0x3C00);
        assert_eq!(from_f64(1.0 + 3.0 * 2f64.powi(-11)), 0x3C02);
        assert_eq!(from_f64(65519.9), 0x7BFF);
        assert_eq!(from_f64(65520.0), 0x7C00);
        assert_eq!(from_f64(2f64.powi(-25)), 0);
        assert_eq!(from_f64(-1e-300), 0x8000);
    }
}

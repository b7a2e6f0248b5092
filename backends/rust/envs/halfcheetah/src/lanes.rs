//! Numbers of several instances at once, and arithmetic on them that vectorises.
//!
//! No operation fuses a product and a sum, so that results are the same on every instruction set,
//! and none is a call, so that a loop over lanes becomes vector instructions.

/// Instances in a block.
pub const LANES: usize = 8;

/// One number for each instance.
pub type Lanes = [f64; LANES];

/// One truth value for each instance.
pub type Flags = [bool; LANES];

/// Whether any lane is set.
#[inline(always)]
pub fn any(flags: &Flags) -> bool {
    flags.iter().fold(false, |any, flag| any | flag)
}

/// `a` where `condition`, else `b`; written so that it becomes a blend.
#[inline(always)]
pub fn select<T: Copy>(condition: bool, a: T, b: T) -> T {
    if condition {
        a
    } else {
        b
    }
}

/// Sine and cosine of an angle in radians, to the last bits up to some 100,000 rad.
///
/// The angle's distance to the nearest multiple of a right angle goes into the minimax
/// polynomials of fdlibm (Sun Microsystems, 1993), whose coefficients these are.
#[inline(always)]
pub fn sin_cos(angle: f64) -> (f64, f64) {
    // Adding 1.5 * 2^52 rounds to an integer, which then stands in the last bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let rounded = angle * std::f64::consts::FRAC_2_PI + ROUND;
    let quarter = rounded.to_bits();
    let turns = rounded - ROUND;
    // A right angle in three parts, of which the first two leave no rounding error.
    let x = angle - turns * 1.570_796_326_734_125_6;
    let x = x - turns * 6.077_100_506_303_966e-11;
    let x = x - turns * 2.022_266_248_795_950_6e-21;
    let z = x * x;
    let sin = 1.589_690_995_211_55e-10 * z - 2.505_076_025_340_686_3e-8;
    let sin = (sin * z + 2.755_731_370_707_006_8e-6) * z - 1.984_126_982_985_795e-4;
    let sin = (sin * z + 8.333_333_333_322_49e-3) * z - 1.666_666_666_666_663_2e-1;
    let cos = -1.135_964_755_778_819_5e-11 * z + 2.087_572_321_298_175e-9;
    let cos = (cos * z - 2.755_731_435_139_066_3e-7) * z + 2.480_158_728_947_673e-5;
    let cos = (cos * z - 1.388_888_888_887_411e-3) * z + 4.166_666_666_666_66e-2;
    let (sin, cos) = (sin * z * x + x, cos * z * z - 0.5 * z + 1.0);
    let swap = quarter & 1 != 0;
    let (s, c) = (select(swap, cos, sin), select(swap, sin, cos));
    (
        select(quarter & 2 != 0, -s, s),
        select(quarter.wrapping_add(1) & 2 != 0, -c, c),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sine_and_cosine() {
        for step in -40_000..40_000 {
            let angle = f64::from(step) * 0.002_513;
            let (sin, cos) = sin_cos(angle);
            assert!((sin - angle.sin()).abs() < 3e-16, "sin {angle}");
            assert!((cos - angle.cos()).abs() < 3e-16, "cos {angle}");
        }
    }
}

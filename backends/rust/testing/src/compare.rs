//! What "the same" means: bit for bit, or within bounds.

use samestep_core::rules::{Dtype, HEADER_BYTES};

/// How close numbers must come to the reference's. The error of one is relative to
/// max(1, |expected|), that of an instance's step the largest of its numbers'.
#[derive(Debug, Clone, Copy)]
pub struct Closeness {
    /// What 99 of 100 steps stay within.
    pub most: f64,
    /// What every step stays within.
    pub all: f64,
}

/// Compares a batch with a trace, step by step.
pub struct Compare {
    closeness: Option<Closeness>,
    /// Instances' steps seen so far.
    steps: usize,
    /// Those of them that were further off than most may be.
    off: usize,
    /// Which instances of the step at hand were.
    off_now: Vec<bool>,
}

impl Compare {
    /// Bit for bit.
    pub fn bits() -> Self {
        Compare {
            closeness: None,
            steps: 0,
            off: 0,
            off_now: Vec::new(),
        }
    }

    /// Numbers within bounds, all else bit for bit.
    pub fn closely(closeness: Closeness) -> Self {
        Compare {
            closeness: Some(closeness),
            ..Compare::bits()
        }
    }

    pub fn is_exact(&self) -> bool {
        self.closeness.is_none()
    }

    /// Begins a step of so many instances.
    pub fn step(&mut self, lanes: usize) {
        self.count();
        self.off_now = vec![false; lanes];
    }

    /// Ends the last step.
    ///
    /// # Panics
    /// If too many steps were further off than most may be.
    pub fn finish(mut self, name: &str) {
        self.count();
        assert!(
            self.off * 100 <= self.steps,
            "{name}: {} of {} steps are further off than {:?}",
            self.off,
            self.steps,
            self.closeness
        );
    }

    fn count(&mut self) {
        self.steps += self.off_now.len();
        self.off += self.off_now.iter().filter(|&&off| off).count();
        self.off_now.clear();
    }

    /// Compares packed rows, of which `expected` may have more: header bit for bit, then STATE.
    pub fn rows(&mut self, what: &str, size: usize, expected: &[u8], got: &[u8]) {
        let rows = expected.chunks_exact(size).zip(got.chunks_exact(size));
        for (lane, (expected, got)) in rows.enumerate() {
            let (header, state) = expected.split_at(HEADER_BYTES);
            let (got_header, got_state) = got.split_at(HEADER_BYTES);
            same_bytes(&format!("{what}: header"), lane, header, got_header);
            self.lane(what, Dtype::F64, lane, state, got_state);
        }
    }

    /// Compares arrays with `size` bytes a lane; `expected` may have more lanes.
    pub fn array(&mut self, what: &str, dtype: Dtype, size: usize, expected: &[u8], got: &[u8]) {
        if size == 0 {
            return;
        }
        let lanes = expected.chunks_exact(size).zip(got.chunks_exact(size));
        for (lane, (expected, got)) in lanes.enumerate() {
            self.lane(what, dtype, lane, expected, got);
        }
    }

    /// Compares what one lane has of an array.
    pub fn lane(&mut self, what: &str, dtype: Dtype, lane: usize, expected: &[u8], got: &[u8]) {
        let (Some(closeness), Some(numbers)) = (self.closeness, numbers(dtype)) else {
            return same_bytes(what, lane, expected, got);
        };
        let (expected, got) = (numbers(expected), numbers(got));
        assert_eq!(expected.len(), got.len(), "{what}: number of elements");
        for (index, (want, have)) in expected.into_iter().zip(got).enumerate() {
            let error = (have - want).abs() / want.abs().max(1.0);
            // NaN is not within.
            let within = error <= closeness.all;
            assert!(
                within,
                "{what} of lane {lane}, element {index}: {have:e}, expected {want:e}"
            );
            self.off_now[lane] |= error > closeness.most;
        }
    }
}

/// Reads numbers from bytes.
type Read = fn(&[u8]) -> Vec<f64>;

/// What reads numbers of this type; None for integers.
fn numbers(dtype: Dtype) -> Option<Read> {
    fn doubles(bytes: &[u8]) -> Vec<f64> {
        let eight = |bytes: &[u8]| f64::from_le_bytes(bytes.try_into().expect("eight bytes"));
        bytes.chunks_exact(8).map(eight).collect()
    }
    fn singles(bytes: &[u8]) -> Vec<f64> {
        let four = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().expect("four bytes"));
        bytes.chunks_exact(4).map(four).map(f64::from).collect()
    }
    match dtype {
        Dtype::F64 => Some(doubles),
        Dtype::F32 => Some(singles),
        Dtype::I16 | Dtype::I32 | Dtype::U8 => None,
    }
}

fn same_bytes(what: &str, lane: usize, expected: &[u8], got: &[u8]) {
    assert_eq!(expected.len(), got.len(), "{what}: number of bytes");
    if let Some(byte) = (0..got.len()).find(|&byte| expected[byte] != got[byte]) {
        panic!(
            "{what} differs in lane {lane}, byte {byte}:\nexpected {expected:02x?}\n\
             got      {got:02x?}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSENESS: Closeness = Closeness {
        most: 1e-4,
        all: 1e-3,
    };

    /// Compares steps of one lane: pairs of what is expected and what it got.
    fn compare(steps: &[(f32, f32)]) {
        let mut compare = Compare::closely(CLOSENESS);
        for (expected, got) in steps {
            compare.step(1);
            let (expected, got) = (expected.to_le_bytes(), got.to_le_bytes());
            compare.array("reward", Dtype::F32, 4, &expected, &got);
        }
        compare.finish("a trace");
    }

    #[test]
    fn errors_are_relative_to_numbers_above_one() {
        compare(&[(0.0, 9e-5), (1e6, 1e6 + 90.0), (-0.0, 0.0)]);
    }

    #[test]
    fn one_step_in_a_hundred_may_be_further_off() {
        let mut steps = vec![(0.5, 0.5); 99];
        steps.push((0.5, 0.5009));
        compare(&steps);
    }

    #[test]
    #[should_panic(expected = "a trace: 2 of 100 steps are further off than")]
    fn two_are_too_many() {
        let mut steps = vec![(0.5, 0.5); 98];
        steps.extend([(0.5, 0.5009), (0.5, 0.4991)]);
        compare(&steps);
    }

    #[test]
    #[should_panic(expected = "reward of lane 0, element 0: 5.011")]
    fn none_may_be_far_off() {
        let mut steps = vec![(0.5, 0.5); 99];
        steps.push((0.5, 0.5011));
        compare(&steps);
    }

    #[test]
    #[should_panic(expected = "expected 5e-1")]
    fn nan_is_far_off() {
        compare(&[(0.5, f32::NAN)]);
    }

    #[test]
    #[should_panic(expected = "terminated differs in lane 1, byte 0")]
    fn flags_are_equal() {
        let mut compare = Compare::closely(CLOSENESS);
        compare.step(2);
        compare.array("terminated", Dtype::U8, 1, &[0, 1], &[0, 0]);
    }

    #[test]
    #[should_panic(expected = "state: header differs in lane 0, byte 20")]
    fn headers_are_equal() {
        let expected = [0; HEADER_BYTES + 8];
        let mut got = expected;
        got[20] = 1;
        let mut compare = Compare::closely(CLOSENESS);
        compare.step(1);
        compare.rows("state", HEADER_BYTES + 8, &expected, &got);
    }

    #[test]
    #[should_panic(expected = "reward differs in lane 0, byte 3")]
    fn bits_tell_zeros_apart() {
        let (zero, minus) = (0f32.to_le_bytes(), (-0f32).to_le_bytes());
        Compare::bits().array("reward", Dtype::F32, 4, &zero, &minus);
    }
}

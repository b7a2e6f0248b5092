//! threefry2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3").

/// Two unsigned 32-bit words.
pub type Key = [u32; 2];

const PARITY: u32 = 0x1BD1_1BDA;
const ROTATIONS: [[u32; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];

/// Encrypts `counter` under `key`.
pub fn threefry2x32(key: Key, counter: [u32; 2]) -> [u32; 2] {
    let ([x0], [x1]) = threefry2x32_lanes(&[key[0]], &[key[1]], &[counter[0]], &[counter[1]]);
    [x0, x1]
}

/// The same for `L` independent keys and counters.
#[inline(always)]
pub fn threefry2x32_lanes<const L: usize>(
    key0: &[u32; L],
    key1: &[u32; L],
    counter0: &[u32; L],
    counter1: &[u32; L],
) -> ([u32; L], [u32; L]) {
    let mut x0 = [0; L];
    let mut x1 = [0; L];
    for lane in 0..L {
        let schedule = [key0[lane], key1[lane], key0[lane] ^ key1[lane] ^ PARITY];
        let mut a = counter0[lane].wrapping_add(schedule[0]);
        let mut b = counter1[lane].wrapping_add(schedule[1]);
        for group in 0..5 {
            for rotation in ROTATIONS[group % 2] {
                a = a.wrapping_add(b);
                b = b.rotate_left(rotation) ^ a;
            }
            a = a.wrapping_add(schedule[(group + 1) % 3]);
            b = b
                .wrapping_add(schedule[(group + 2) % 3])
                .wrapping_add(group as u32 + 1);
        }
        x0[lane] = a;
        x1[lane] = b;
    }
    (x0, x1)
}

/// The root key of a seed: its high and its low word.
pub fn root_key(seed: u64) -> Key {
    [(seed >> 32) as u32, seed as u32]
}

/// The key of one episode of one instance of a batch.
pub fn env_key(root: Key, env_index: u32, episode: u32) -> Key {
    threefry2x32(root, [env_index, episode])
}

/// A word as a number in [0, 1): its top 24 bits.
#[inline(always)]
pub fn uniform(word: u32) -> f32 {
    (word >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// A word as an integer in [0, n), for 1 <= n <= 65536.
#[inline(always)]
pub fn below(word: u32, n: u32) -> u32 {
    debug_assert!((1..=65_536).contains(&n));
    ((u64::from(word >> 16) * u64::from(n)) >> 16) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_known_answers() {
        for (key, counter, answer) in [
            ([0, 0], [0, 0], [0x6b20_0159, 0x99ba_4efe]),
            ([!0, !0], [!0, !0], [0x1cb9_96fc, 0xbb00_2be7]),
            (
                [0x1319_8a2e, 0x0370_7344],
                [0x243f_6a88, 0x85a3_08d3],
                [0xc492_3a9c, 0x483d_f7a0],
            ),
        ] {
            assert_eq!(threefry2x32(key, counter), answer);
        }
    }

    #[test]
    fn lanes_equal_single() {
        let key0: [u32; 7] = std::array::from_fn(|i| (i as u32).wrapping_mul(0x9e37_79b9));
        let key1 = key0.map(|k| k.rotate_left(9));
        let counter0 = key0.map(|k| k ^ 5);
        let counter1 = key1.map(|k| k ^ 77);
        let (x0, x1) = threefry2x32_lanes(&key0, &key1, &counter0, &counter1);
        for lane in 0..7 {
            assert_eq!(
                [x0[lane], x1[lane]],
                threefry2x32([key0[lane], key1[lane]], [counter0[lane], counter1[lane]])
            );
        }
    }

    #[test]
    fn integers_and_floats_cover_their_range() {
        assert_eq!(
            [below(0, 6), below(!0, 6), below(!0, 65_536)],
            [0, 5, 65_535]
        );
        assert_eq!(uniform(0), 0.0);
        assert_eq!(uniform(!0), 1.0 - 2.0f32.powi(-24));
    }
}

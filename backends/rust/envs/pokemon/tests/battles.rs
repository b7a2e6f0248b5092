//! Plays battles of Showdown's again: after every commit STATE, the generator and both masks are
//! the same, bit for bit.

use samestep_pokemon::{Battle, CHOICES, STATE_SIZE};

static BATTLES: &[u8] = include_bytes!("battles/showdown.battles");
const HEAD: usize = 12;

/// CRC-32 as zlib has it, of what is added so far.
fn crc(mut sum: u32, bytes: &[u8]) -> u32 {
    for &byte in bytes {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg());
        }
    }
    sum
}

/// The CRC-32 of a battle's STATE and masks.
fn sum(battle: &Battle) -> u32 {
    let mut state = [0; STATE_SIZE];
    battle.pack(&mut state);
    let mut sum = crc(!0, &state);
    for side in 0..2 {
        let legal = battle.legal(side);
        let mask: [u8; CHOICES] = std::array::from_fn(|action| (legal >> action & 1) as u8);
        sum = crc(sum, &mask);
    }
    !sum
}

fn take<'a>(bytes: &mut &'a [u8], len: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(len);
    *bytes = rest;
    taken
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().expect("four bytes"))
}

#[test]
fn the_checksum_is_zlibs() {
    assert_eq!(!crc(!0, b"123456789"), 0xCBF4_3926);
}

#[test]
fn battles_of_showdown() {
    let (head, mut rest) = BATTLES.split_at(HEAD);
    assert_eq!(&head[..8], b"GEN1PLAY");
    let count = number(&head[8..]);
    let mut commits = 0;
    for index in 0..count {
        let len = number(take(&mut rest, 4)) as usize;
        let mut battle = Battle::unpack(take(&mut rest, STATE_SIZE)).expect("a state");
        let sums = take(&mut rest, 4 * (len + 1));
        let actions = take(&mut rest, len);
        for (moment, expected) in sums.chunks_exact(4).enumerate() {
            if let Some(step) = moment.checked_sub(1) {
                battle.commit([i32::from(actions[step] & 15), i32::from(actions[step] >> 4)]);
                commits += 1;
            }
            let found = sum(&battle);
            assert_eq!(
                found,
                number(expected),
                "battle {index} differs after {moment} commits: {battle:?}"
            );
        }
        assert!(battle.is_over(), "battle {index} goes on");
    }
    assert!(rest.is_empty() && commits > 10_000, "{commits} commits");
}

//! What is observed of a console: its picture in several sizes, its background's tiles, or features.

use crate::console::Console;
use crate::expression::{Expression, BEFORES};
use crate::ppu::{COLUMNS, LINES};

/// Kinds of observation, by the parameter's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observation {
    /// (144, 160) shades, 0 to 3.
    Full,
    /// (72, 80): each the sum of 2 x 2 shades, 0 to 12.
    Half,
    /// (144, 40): four shades a byte, the leftmost lowest.
    Packed,
    /// (18, 20): numbers of the background's tiles, as the scroll registers now stand.
    Tiles,
    /// (n,): the definition's features, limited to 0 to 255.
    Features,
}

/// Rows and columns of tiles that the screen shows.
const TILES: [usize; 2] = [LINES / 8, COLUMNS / 8];
/// Tiles of a row or column of the background's map.
const MAP: usize = 32;
/// Where the two maps stand in video RAM.
const MAPS: [usize; 2] = [0x1800, 0x1C00];

impl Observation {
    /// All kinds, by number.
    pub const ALL: [Observation; 5] = [
        Observation::Full,
        Observation::Half,
        Observation::Packed,
        Observation::Tiles,
        Observation::Features,
    ];

    /// Its shape, with this many features.
    pub fn shape(self, features: usize) -> Vec<usize> {
        match self {
            Observation::Full => vec![LINES, COLUMNS],
            Observation::Half => vec![LINES / 2, COLUMNS / 2],
            Observation::Packed => vec![LINES, COLUMNS / 4],
            Observation::Tiles => TILES.to_vec(),
            Observation::Features => vec![features],
        }
    }

    /// The greatest value of an element.
    pub fn high(self) -> f32 {
        match self {
            Observation::Full => 3.0,
            Observation::Half => 12.0,
            _ => 255.0,
        }
    }

    /// Whether the step's last frame has to be drawn for it.
    pub fn is_drawn(self) -> bool {
        !matches!(self, Observation::Tiles | Observation::Features)
    }

    /// Writes the observation.
    pub fn write(self, console: &Console, features: &[(String, Expression)], obs: &mut [u8]) {
        match self {
            Observation::Full => obs.copy_from_slice(console.shades()),
            Observation::Half => half(console.shades(), obs),
            Observation::Packed => packed(console.shades(), obs),
            Observation::Tiles => tiles(console, obs),
            Observation::Features => {
                for (element, (_, value)) in obs.iter_mut().zip(features) {
                    *element = value.value(console, &[0; BEFORES]).clamp(0, 255) as u8;
                }
            }
        }
    }
}

fn half(shades: &[u8; COLUMNS * LINES], obs: &mut [u8]) {
    let rows = shades.chunks_exact(2 * COLUMNS);
    for (pair, row) in rows.zip(obs.chunks_exact_mut(COLUMNS / 2)) {
        let (upper, lower) = pair.split_at(COLUMNS);
        let squares = upper.chunks_exact(2).zip(lower.chunks_exact(2));
        for ((upper, lower), sum) in squares.zip(row) {
            *sum = upper[0] + upper[1] + lower[0] + lower[1];
        }
    }
}

fn packed(shades: &[u8; COLUMNS * LINES], obs: &mut [u8]) {
    for (four, byte) in shades.chunks_exact(4).zip(obs) {
        *byte = four[0] | four[1] << 2 | four[2] << 4 | four[3] << 6;
    }
}

fn tiles(console: &Console, obs: &mut [u8]) {
    let ppu = &console.machine.ppu;
    let map = MAPS[usize::from(ppu.lcdc >> 3 & 1)];
    let (top, left) = (usize::from(ppu.scy / 8), usize::from(ppu.scx / 8));
    for (row, tiles) in obs.chunks_exact_mut(TILES[1]).enumerate() {
        let line = map + (top + row) % MAP * MAP;
        for (column, tile) in tiles.iter_mut().enumerate() {
            *tile = ppu.vram[line + (left + column) % MAP];
        }
    }
}

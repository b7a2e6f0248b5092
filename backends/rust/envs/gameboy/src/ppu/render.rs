//! The pixels of a line.

use std::ops::Range;

use super::{lcdc, Ppu, COLUMNS, LINES};

const X_FLIP: u8 = 0x20;
const Y_FLIP: u8 = 0x40;
const BEHIND: u8 = 0x80;

/// The bits of each byte, a byte a bit, the highest first.
const SPREAD: [u64; 256] = spread();

const fn spread() -> [u64; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 * 8 {
        let (byte, bit) = (index / 8, index % 8);
        table[byte] |= ((byte >> bit & 1) as u64) << (8 * bit);
        index += 1;
    }
    table
}

/// A line's colours before the palette, of background and window.
type Colors = [u8; COLUMNS];

/// A layer of tiles.
struct Layer {
    /// Its map, an offset in video RAM.
    map: usize,
    /// Its line.
    y: usize,
    /// Its column that stands at x = 0 of the screen; negative ones wrap.
    x: usize,
}

impl Ppu {
    /// The whole screen in the shade of colour 0.
    pub(super) fn blank(&mut self) {
        self.screen.fill(self.bgp & 3);
    }

    /// Draws line LY with everything as it is now.
    pub(super) fn draw_line(&mut self) {
        let y = usize::from(self.ly);
        let mut colors = [0; COLUMNS];
        // What sprites stand behind: not the same as `colors`, which may be off.
        let is_opaque = self.draw_tiles(&mut colors);
        let [zero, one, two, three] = [0, 2, 4, 6].map(|shift| self.bgp >> shift & 3);
        let line = &mut self.screen[y * COLUMNS..][..COLUMNS];
        for (shade, color) in line.iter_mut().zip(colors) {
            let even = if color & 2 == 0 { zero } else { two };
            let odd = if color & 2 == 0 { one } else { three };
            *shade = if color & 1 == 0 { even } else { odd };
        }
        if self.lcdc & lcdc::SPRITES != 0 {
            self.draw_sprites(&colors, is_opaque);
        }
        if y == LINES - 1 {
            self.window_line = -1;
        }
    }

    /// Background and window. Gives whether all of it counts as opaque: where both are off, sprites
    /// that stand behind them do not show.
    fn draw_tiles(&mut self, colors: &mut Colors) -> bool {
        let background = Layer {
            map: self.map(lcdc::BACKGROUND_MAP),
            y: usize::from(self.ly) + usize::from(self.scy),
            x: usize::from(self.scx),
        };
        let window_at = i16::from(self.wx) - 7;
        if self.lcdc & lcdc::WINDOW != 0 && self.window_triggered && window_at < 160 {
            // With the window shown, bit 0 of LCDC hides nothing.
            self.window_line = self.window_line.wrapping_add(1);
            let from = window_at.max(0) as usize;
            let window = Layer {
                map: self.map(lcdc::WINDOW_MAP),
                y: self.window_line as usize & 0xFF,
                x: usize::from(7u8.saturating_sub(self.wx)).wrapping_sub(from),
            };
            self.draw_layer(colors, 0..from, &background);
            self.draw_layer(colors, from..COLUMNS, &window);
            return false;
        }
        if self.lcdc & lcdc::BACKGROUND != 0 {
            self.draw_layer(colors, 0..COLUMNS, &background);
            return false;
        }
        true
    }

    fn map(&self, bit: u8) -> usize {
        if self.lcdc & bit == 0 {
            0x1800
        } else {
            0x1C00
        }
    }

    fn draw_layer(&self, colors: &mut Colors, columns: Range<usize>, layer: &Layer) {
        let row = layer.map + layer.y / 8 % 32 * 32;
        let mut x = columns.start;
        while x < columns.end {
            let column = layer.x.wrapping_add(x);
            let tile = self.background_tile(self.vram[row + column / 8 % 32]);
            let pixels = self.tile_row(tile, layer.y % 8);
            let within = column % 8;
            let end = columns.end.min(x + 8 - within);
            colors[x..end].copy_from_slice(&pixels[within..within + end - x]);
            x = end;
        }
    }

    /// A tile's number counted from 8000, by its number in a map.
    fn background_tile(&self, number: u8) -> usize {
        if self.lcdc & lcdc::TILES_FROM_8000 != 0 {
            usize::from(number)
        } else {
            usize::from(number ^ 0x80) + 128
        }
    }

    /// The eight colours of a tile's row, the leftmost first.
    fn tile_row(&self, tile: usize, row: usize) -> [u8; 8] {
        let low = self.vram[tile * 16 + row * 2];
        let high = self.vram[tile * 16 + row * 2 + 1];
        (SPREAD[usize::from(low)] | SPREAD[usize::from(high)] << 1).to_be_bytes()
    }

    fn draw_sprites(&mut self, colors: &Colors, is_opaque: bool) {
        let mut selection = self.select_sprites();
        let offsets = selection.offsets();
        // The last drawn is on top: the leftmost, then the first in OAM.
        offsets.sort_unstable_by_key(|&offset| {
            std::cmp::Reverse((self.oam[usize::from(offset) + 1], offset))
        });
        for &offset in offsets.iter() {
            self.draw_sprite(usize::from(offset), colors, is_opaque);
        }
    }

    fn draw_sprite(&mut self, offset: usize, colors: &Colors, is_opaque: bool) {
        let [top, left, tile, attributes] = [0, 1, 2, 3].map(|index| self.oam[offset + index]);
        let height = self.sprite_height();
        let mut row = i16::from(self.ly) - (i16::from(top) - 16);
        if attributes & Y_FLIP != 0 {
            row = height - 1 - row;
        }
        let tile = if height == 16 { tile & 0xFE } else { tile };
        let mut pixels = self.tile_row(usize::from(tile) + row as usize / 8, row as usize % 8);
        if attributes & X_FLIP != 0 {
            pixels.reverse();
        }
        let palette = if attributes & 0x10 == 0 {
            self.obp0
        } else {
            self.obp1
        };
        let line = usize::from(self.ly) * COLUMNS;
        for (index, color) in pixels
            .into_iter()
            .enumerate()
            .filter(|(_, color)| *color != 0)
        {
            let Some(x) = (usize::from(left) + index)
                .checked_sub(8)
                .filter(|x| *x < COLUMNS)
            else {
                continue;
            };
            let covered = attributes & BEHIND != 0 && (is_opaque || colors[x] != 0);
            if !covered {
                self.screen[line + x] = palette >> (2 * color) & 3;
            }
        }
    }
}

//! Which sprites a line has, and how many cycles they and scrolling cost.

use super::{lcdc, Ppu};

const MOST: usize = 10;

/// The sprites of a line: the offsets of their entries in OAM, in its order.
pub(super) struct Selection {
    offsets: [u8; MOST],
    length: usize,
}

impl Selection {
    pub(super) fn offsets(&mut self) -> &mut [u8] {
        &mut self.offsets[..self.length]
    }
}

impl Ppu {
    pub(super) fn sprite_height(&self) -> i16 {
        if self.lcdc & lcdc::TALL_SPRITES == 0 {
            8
        } else {
            16
        }
    }

    /// The first ten sprites that meet the line.
    pub(super) fn select_sprites(&self) -> Selection {
        let mut selection = Selection {
            offsets: [0; MOST],
            length: 0,
        };
        let height = self.sprite_height();
        for offset in (0..160u8).step_by(4) {
            let top = i16::from(self.oam[usize::from(offset)]) - 16;
            if (top..top + height).contains(&i16::from(self.ly)) {
                selection.offsets[selection.length] = offset;
                selection.length += 1;
                if selection.length == MOST {
                    break;
                }
            }
        }
        selection
    }

    /// Cycles that mode 3 of this line takes beyond its least.
    pub(super) fn mode3_extra(&self) -> i16 {
        let scroll = if self.first_frame {
            0
        } else {
            (i16::from(self.scx & 7) + 3) / 4 * 4
        };
        scroll + self.sprite_cycles()
    }

    /// Whether any sprite meets the line. Most lines have none, and this is quick.
    fn has_sprites(&self) -> bool {
        let height = self.sprite_height() as u8;
        let line = self.ly + 16;
        let meet = |sprite: &[u8]| u32::from(line.wrapping_sub(sprite[0]) < height);
        self.oam[..160].chunks_exact(4).map(meet).sum::<u32>() != 0
    }

    fn sprite_cycles(&self) -> i16 {
        if self.lcdc & lcdc::SPRITES == 0 || !self.has_sprites() {
            return 0;
        }
        let mut selection = self.select_sprites();
        let xs = selection.offsets();
        for x in xs.iter_mut() {
            *x = self.oam[usize::from(*x) + 1];
        }
        let mut cycles = 0;
        for (index, &x) in xs.iter().enumerate().filter(|(_, &x)| x < 168) {
            cycles += 6;
            if !xs[..index].contains(&x) {
                let into_tile = x.wrapping_add(self.scx).wrapping_sub(8) & 7;
                cycles += (5 - i16::from(into_tile)).max(0);
            }
        }
        if cycles == 0 {
            return -4;
        }
        (cycles - 7).max(0)
    }
}

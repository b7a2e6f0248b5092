//! Showdown's generator: a 64-bit linear congruential one whose upper half is drawn.
//!
//! Source: Showdown 0.11.11, sim/prng.ts, `Gen5RNG`.

const MULTIPLIER: u64 = 0x5D58_8B65_6C07_8965;
const INCREMENT: u64 = 0x0026_9EC3;

/// The generator's 64 bits, which are part of a battle's state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rng(pub u64);

impl Rng {
    #[inline]
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT);
        (self.0 >> 32) as u32
    }

    /// An integer from 0 to n - 1.
    #[inline]
    pub fn below(&mut self, n: u32) -> u32 {
        ((u64::from(self.next()) * u64::from(n)) >> 32) as u32
    }

    /// An integer from `low` to `high` - 1.
    #[inline]
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low)
    }

    /// Whether an event of `chance` in 256 happens.
    #[inline]
    pub fn happens(&mut self, chance: u32) -> bool {
        self.below(256) < chance
    }

    /// What Showdown draws to put `tied` equal event handlers in a random order, where that order
    /// decides nothing: one draw fewer than there are handlers.
    #[inline]
    pub fn order_of(&mut self, tied: u32) {
        for _ in 1..tied {
            self.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Rng;

    /// What the package itself gives: `new PRNG("gen5,0123456789ABCDEF").rng.next()`, thrice.
    #[test]
    fn draws_of_showdown() {
        let mut rng = Rng(0x0123_4567_89AB_CDEF);
        let drawn = [(); 3].map(|()| rng.next());
        assert_eq!(drawn, DRAWN);
    }

    const DRAWN: [u32; 3] = [498_666_852, 3_059_970_153, 3_379_674_351];
}

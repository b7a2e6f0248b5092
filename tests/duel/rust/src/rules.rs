//! The rules, four games a block, each on its own: written to be read, not to be fast.

use crate::consts::*;
use samestep_core::rules::{ActionLayout, BlockOut, Draws, Info, Rules, HEADER_BYTES};
use samestep_core::threefry::{below, threefry2x32};
use samestep_core::{Error, Key, Params};

const LANES: usize = 4;
const PLAYERS: usize = 2;
const TEAM: usize = FIGHTERS as usize;
const ACTS: usize = ACTIONS as usize;
const OBS: usize = 18;
const MAX_ROUNDS: i32 = 10_000;

/// The rules under given parameters.
#[derive(Debug, Clone)]
pub struct Duel {
    max_rounds: i32,
}

/// One player's side of a game.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Side {
    leader: u8,
    power: [u8; TEAM],
    /// 1 if the other player knows the power.
    seen: [u8; TEAM],
    guarding: u8,
    picking: u8,
    health: [i16; TEAM],
}

/// One game.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Game {
    sides: [Side; PLAYERS],
    rounds: i32,
}

/// Four games.
#[derive(Debug, Clone)]
pub struct Block([Game; LANES]);

impl Duel {
    /// Takes `max_rounds` from the parameters.
    ///
    /// # Errors
    /// If it is not an integer from 1 to 10,000.
    pub fn new(params: &mut Params) -> Result<Self, Error> {
        let range = 1..=i64::from(MAX_ROUNDS);
        Ok(Duel {
            max_rounds: params.int("max_rounds", 40, range)? as i32,
        })
    }

    /// Fights a round, or lets the players whose leader fell pick another. The rewards, and
    /// whether somebody has lost.
    fn step(&self, game: &mut Game, choice: [i32; PLAYERS], draw: impl Fn(u32) -> u32) -> Outcome {
        if !game.is_pick() {
            return game.round(choice, draw);
        }
        for (side, choice) in game.sides.iter_mut().zip(choice) {
            if side.picking != 0 {
                side.lead(choice - SWITCH);
            }
            side.picking = 0;
        }
        Outcome::default()
    }
}

/// What a step came to.
#[derive(Default)]
struct Outcome {
    reward: [f32; PLAYERS],
    terminated: bool,
}

impl Side {
    fn lead(&mut self, fighter: i32) {
        self.leader = fighter as u8;
        self.seen[fighter as usize] = 1;
    }

    fn leader_health(&self) -> i16 {
        self.health[usize::from(self.leader)]
    }

    fn has_lost(&self) -> bool {
        self.health == [0; TEAM]
    }
}

impl Game {
    fn is_pick(&self) -> bool {
        self.sides.iter().any(|side| side.picking != 0)
    }

    fn acts(&self, player: usize) -> bool {
        !self.is_pick() || self.sides[player].picking != 0
    }

    /// One player's mask; who waits has the dummy action 0 alone.
    fn legal(&self, player: usize) -> [bool; ACTS] {
        let side = &self.sides[player];
        let mut legal = [false; ACTS];
        if !self.acts(player) {
            legal[0] = true;
            return legal;
        }
        let pick = side.picking != 0;
        legal[STRIKE as usize] = !pick;
        legal[GUARD as usize] = !pick && side.guarding == 0;
        for fighter in 0..TEAM {
            let leads = fighter == usize::from(side.leader);
            legal[SWITCH as usize + fighter] = side.health[fighter] > 0 && (pick || !leads);
        }
        legal
    }

    /// The action, or what one outside the mask is read as.
    fn read(&self, player: usize, action: i32) -> i32 {
        let legal = self.legal(player);
        if legal[action as usize] {
            return action;
        }
        if self.sides[player].picking == 0 {
            return STRIKE;
        }
        let first = legal.iter().position(|legal| *legal);
        first.map_or(STRIKE, |action| action as i32)
    }

    fn round(&mut self, choice: [i32; PLAYERS], draw: impl Fn(u32) -> u32) -> Outcome {
        for (side, choice) in self.sides.iter_mut().zip(choice) {
            if choice >= SWITCH {
                side.lead(choice - SWITCH);
            }
            side.guarding = u8::from(choice == GUARD);
        }
        let mut damage = [0; PLAYERS];
        for player in 0..PLAYERS {
            if choice[player] == STRIKE {
                damage[player] = self.damage(player, draw(SLOT_CRITICAL + player as u32));
            }
        }
        for (player, damage) in damage.iter().enumerate() {
            let other = &mut self.sides[1 - player];
            other.health[usize::from(other.leader)] -= damage;
        }
        self.rounds += 1;
        let lost = [self.sides[0].has_lost(), self.sides[1].has_lost()];
        for (side, lost) in self.sides.iter_mut().zip(lost) {
            side.picking = u8::from(side.leader_health() == 0 && !lost);
        }
        Outcome {
            reward: match lost {
                [true, true] => [0.0; PLAYERS],
                [true, false] => [REWARD_LOSE, REWARD_WIN],
                [false, true] => [REWARD_WIN, REWARD_LOSE],
                [false, false] => {
                    let ahead = f32::from(damage[0] - damage[1]);
                    // Not -ahead, which would be a negative zero in an even round.
                    let behind = f32::from(damage[1] - damage[0]);
                    [ahead * REWARD_POINT, behind * REWARD_POINT]
                }
            },
            terminated: lost != [false, false],
        }
    }

    /// Health that a strike takes from the other's leader.
    fn damage(&self, striker: usize, word: u32) -> i16 {
        let (side, other) = (&self.sides[striker], &self.sides[1 - striker]);
        let mut strength = i16::from(side.power[usize::from(side.leader)]);
        if below(word, CRITICAL_ODDS as u32) == 0 {
            strength += CRITICAL_BONUS as i16;
        }
        if other.guarding != 0 {
            strength /= 2;
        }
        strength.min(other.leader_health())
    }

    fn observe(&self, player: usize) -> [u8; OBS] {
        let (own, other) = (&self.sides[player], &self.sides[1 - player]);
        let mut obs = [0; OBS];
        for fighter in 0..TEAM {
            obs[fighter] = own.health[fighter] as u8;
            obs[3 + fighter] = own.power[fighter];
            obs[9 + fighter] = other.health[fighter] as u8;
            let known = other.seen[fighter] != 0;
            obs[12 + fighter] = if known {
                other.power[fighter]
            } else {
                HIDDEN as u8
            };
        }
        obs[6..9].copy_from_slice(&[own.leader, own.guarding, own.picking]);
        obs[15..].copy_from_slice(&[other.leader, other.guarding, self.rounds as u8]);
        obs
    }

    fn write_obs(&self, obs: &mut [u8]) {
        for (player, obs) in obs.chunks_exact_mut(OBS).enumerate() {
            obs.copy_from_slice(&self.observe(player));
        }
    }

    /// STATE's bytes: leader, power, seen, guarding, picking, pad, health, rounds.
    fn pack(&self) -> [u8; STATE_BYTES - HEADER_BYTES] {
        let mut bytes = [0; STATE_BYTES - HEADER_BYTES];
        for (player, side) in self.sides.iter().enumerate() {
            bytes[player] = side.leader;
            bytes[2 + player * TEAM..][..TEAM].copy_from_slice(&side.power);
            bytes[8 + player * TEAM..][..TEAM].copy_from_slice(&side.seen);
            bytes[14 + player] = side.guarding;
            bytes[16 + player] = side.picking;
            for (fighter, health) in side.health.iter().enumerate() {
                let start = 19 + 2 * (player * TEAM + fighter);
                bytes[start..start + 2].copy_from_slice(&health.to_le_bytes());
            }
        }
        bytes[31..].copy_from_slice(&self.rounds.to_le_bytes());
        bytes
    }

    fn unpack(bytes: &[u8]) -> Self {
        let mut game = Game::default();
        for (player, side) in game.sides.iter_mut().enumerate() {
            side.leader = bytes[player];
            side.power
                .copy_from_slice(&bytes[2 + player * TEAM..][..TEAM]);
            side.seen
                .copy_from_slice(&bytes[8 + player * TEAM..][..TEAM]);
            side.guarding = bytes[14 + player];
            side.picking = bytes[16 + player];
            for (fighter, health) in side.health.iter_mut().enumerate() {
                let start = 19 + 2 * (player * TEAM + fighter);
                *health = i16::from_le_bytes([bytes[start], bytes[start + 1]]);
            }
        }
        game.rounds = i32::from_le_bytes([bytes[31], bytes[32], bytes[33], bytes[34]]);
        game
    }

    fn check(&self, pad: u8) -> Result<(), Error> {
        in_range("pad", [i64::from(pad)], 0, 0)?;
        in_range("rounds", [i64::from(self.rounds)], 0, i64::from(MAX_ROUNDS))?;
        for (player, side) in self.sides.iter().enumerate() {
            in_range("leader", [side.leader.into()], 0, i64::from(FIGHTERS - 1))?;
            in_range("power", side.power.map(i64::from), 1, POWERS.into())?;
            in_range("seen", side.seen.map(i64::from), 0, 1)?;
            in_range("guarding", [side.guarding.into()], 0, 1)?;
            in_range("picking", [side.picking.into()], 0, 1)?;
            in_range("health", side.health.map(i64::from), 0, HEALTH.into())?;
            if side.has_lost() {
                return Err(Error::new(format!(
                    "player {player} has no living fighter; that game has ended"
                )));
            }
            if (side.leader_health() == 0) != (side.picking != 0) {
                return Err(Error::new(format!(
                    "player {player} must pick if, and only if, its leader fell"
                )));
            }
        }
        Ok(())
    }
}

fn in_range<const N: usize>(
    name: &str,
    values: [i64; N],
    low: i64,
    high: i64,
) -> Result<(), Error> {
    match values.iter().find(|value| !(low..=high).contains(*value)) {
        None => Ok(()),
        Some(value) => Err(Error::new(format!(
            "{name} is {value}; accepted: {low} to {high}"
        ))),
    }
}

impl Rules for Duel {
    type Obs = u8;
    type Reward = f32;
    type Action = i32;
    type Block = Block;
    const LANES: usize = LANES;

    fn info(&self) -> Info {
        Info {
            name: "duel",
            version: VERSION,
            layout_id: LAYOUT_ID,
            state_bytes: STATE_BYTES,
            players: PLAYERS,
            obs_shape: vec![OBS],
            obs_low: 0.0,
            obs_high: 255.0,
            action: ActionLayout::Discrete { n: ACTIONS as u32 },
            legal_varies: true,
            default_max_episode_steps: 0,
        }
    }

    fn new_block(&self) -> Block {
        Block([Game::default(); LANES])
    }

    fn reset_lane(&self, block: &mut Block, lane: usize, key: Key, obs: &mut [u8]) {
        let game = &mut block.0[lane];
        *game = Game::default();
        for (player, side) in game.sides.iter_mut().enumerate() {
            side.health = [HEALTH as i16; TEAM];
            side.seen[0] = 1;
            for (fighter, power) in side.power.iter_mut().enumerate() {
                let slot = SLOT_POWER + (player * TEAM + fighter) as u32;
                *power = 1 + below(threefry2x32(key, [0, slot])[0], POWERS as u32) as u8;
            }
        }
        game.write_obs(obs);
    }

    #[inline(always)]
    fn step_block(
        &self,
        block: &mut Block,
        draws: Draws<'_>,
        actions: &[i32],
        out: BlockOut<'_, u8>,
    ) {
        for (lane, game) in block.0.iter_mut().enumerate() {
            let action = &actions[lane * PLAYERS..][..PLAYERS];
            let choice = [game.read(0, action[0]), game.read(1, action[1])];
            let outcome = self.step(game, choice, |slot| draws.word(lane, slot));
            out.reward[lane * PLAYERS..][..PLAYERS].copy_from_slice(&outcome.reward);
            out.terminated[lane] = u8::from(outcome.terminated);
            let truncated = !outcome.terminated && game.rounds >= self.max_rounds;
            out.truncated[lane] = u8::from(truncated);
            game.write_obs(&mut out.obs[lane * PLAYERS * OBS..][..PLAYERS * OBS]);
        }
    }

    fn legal_lane(&self, block: &Block, lane: usize, legal: &mut [u8]) {
        for (player, mask) in legal.chunks_exact_mut(ACTS).enumerate() {
            mask.copy_from_slice(&block.0[lane].legal(player).map(u8::from));
        }
    }

    fn acting_lane(&self, block: &Block, lane: usize, acting: &mut [u8]) {
        for (player, acting) in acting.iter_mut().enumerate() {
            *acting = u8::from(block.0[lane].acts(player));
        }
    }

    fn pack_lane(&self, block: &Block, lane: usize, state: &mut [u8]) {
        state.copy_from_slice(&block.0[lane].pack());
    }

    fn unpack_lane(&self, block: &mut Block, lane: usize, state: &[u8]) -> Result<(), Error> {
        let game = Game::unpack(state);
        // A leader out of range would index past the team: it is checked first of all.
        in_range(
            "leader",
            [i64::from(game.sides[0].leader)],
            0,
            i64::from(FIGHTERS - 1),
        )?;
        in_range(
            "leader",
            [i64::from(game.sides[1].leader)],
            0,
            i64::from(FIGHTERS - 1),
        )?;
        game.check(state[18])?;
        block.0[lane] = game;
        Ok(())
    }
}

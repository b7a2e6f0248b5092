//! What a player may know of a battle, as docs/envs/pokemon.md lays it out.

use crate::state::{Active, Battle, Pokemon, Side, SLOTS, TEAM};

const HEAD: usize = 2;
const OWN: usize = 18;
const FOE: usize = 9;
const ACTIVE: usize = 26;
const MOVES_NOW: usize = 2 * SLOTS;
const COUNTERS: usize = 7;

/// Numbers of one player's observation.
pub const OBS_SIZE: usize = HEAD + TEAM * OWN + TEAM * FOE + ACTIVE + MOVES_NOW + ACTIVE;
/// The same with what a player cannot know.
pub const FULL_OBS_SIZE: usize = OBS_SIZE + TEAM * OWN + 2 * TEAM + 2 * COUNTERS;

/// What never changes in a battle, made once for its observations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts([[Fact; TEAM]; 2]);

/// One Pokemon's part of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Fact {
    /// Unmodified, HP first; 0 for an empty slot.
    stats: [u16; 5],
    /// Its move slots, by their moves' numbers.
    slots: [u8; SLOTS],
    /// 2^32 / maximum HP, rounded up: to divide by it.
    reciprocal: u32,
}

impl Facts {
    /// Those of a battle.
    pub fn of(battle: &Battle) -> Self {
        Facts(battle.sides.map(|side| side.team.map(Fact::of)))
    }
}

impl Fact {
    fn of(pokemon: Pokemon) -> Self {
        if pokemon.species == 0 {
            return Fact::default();
        }
        let mut slots = [0, 1, 2, 3];
        slots.sort_unstable_by_key(|&slot| pokemon.moves[usize::from(slot)]);
        Fact {
            stats: [0, 1, 2, 3, 4].map(|index| pokemon.stat(index)),
            slots,
            reciprocal: u32::MAX / u32::from(pokemon.max_hp()) + 1,
        }
    }

    /// HP in percent as the foe is shown it: rounded up, but 99 for less than all.
    #[inline(always)]
    fn percent(&self, hp: u16) -> i32 {
        let (hp, most) = (u64::from(hp), u64::from(self.stats[0]));
        let percent = ((100 * hp + most.saturating_sub(1)) * u64::from(self.reciprocal)) >> 32;
        let highest = if hp < most { 99 } else { 100 };
        percent.min(highest) as i32
    }
}

/// Takes the next numbers of an observation.
struct Writer<'a>(&'a mut [i32]);

impl<'a> Writer<'a> {
    #[inline(always)]
    fn next<const N: usize>(&mut self) -> &'a mut [i32; N] {
        let (next, rest) = std::mem::take(&mut self.0)
            .split_first_chunk_mut()
            .expect("a whole observation");
        self.0 = rest;
        next
    }
}

impl Battle {
    /// One player's observation; `obs` has [`OBS_SIZE`] or [`FULL_OBS_SIZE`] elements.
    ///
    /// # Panics
    /// If `obs` is shorter.
    #[inline(always)]
    pub fn observe(&self, facts: &Facts, player: usize, obs: &mut [i32]) {
        let full = obs.len() == FULL_OBS_SIZE;
        let (own, foe) = (&self.sides[player], &self.sides[1 - player]);
        let (own_facts, foe_facts) = (&facts.0[player], &facts.0[1 - player]);
        let mut out = Writer(obs);
        *out.next() = [i32::from(self.turn), i32::from(self.request[player])];
        own.write_team(own_facts, &mut out);
        foe.write_seen(foe_facts, &mut out);
        *out.next() = own.active_numbers();
        *out.next() = own.moves_now();
        *out.next() = foe.active_numbers();
        if full {
            foe.write_team(foe_facts, &mut out);
            for side in [own, foe] {
                *out.next() = side.team.map(|pokemon| pokemon.sleep_turns.into());
            }
            *out.next() = own.counters();
            *out.next() = foe.counters();
        }
    }
}

impl Side {
    /// Whether the Pokemon that is out has not fainted.
    #[inline(always)]
    fn stands(&self) -> bool {
        self.pokemon().hp > 0
    }

    #[inline(always)]
    fn write_team(&self, facts: &[Fact; TEAM], out: &mut Writer<'_>) {
        let out = out.next::<{ TEAM * OWN }>().as_chunks_mut::<OWN>().0;
        for ((pokemon, fact), out) in self.team.iter().zip(facts).zip(out.iter_mut()) {
            pokemon.write_own(&fact.stats, out);
        }
        out[self.front()][OWN - 1] = self.stands().into();
    }

    /// The team in the order of its appearance, as the foe knows it.
    #[inline(always)]
    fn write_seen(&self, facts: &[Fact; TEAM], out: &mut Writer<'_>) {
        let out = out.next::<{ TEAM * FOE }>();
        out.fill(0);
        let out = out.as_chunks_mut::<FOE>().0;
        for (slot, (pokemon, fact)) in self.team.iter().zip(facts).enumerate() {
            let rank = usize::from(pokemon.seen);
            if (1..=TEAM).contains(&rank) {
                let stands = slot == self.front() && self.stands();
                out[rank - 1] = pokemon.as_seen(fact, stands);
            }
        }
    }

    #[inline(always)]
    fn active_numbers(&self) -> [i32; ACTIVE] {
        match self.stands() {
            true => self.active.numbers(),
            false => [0; ACTIVE],
        }
    }

    #[inline(always)]
    fn moves_now(&self) -> [i32; MOVES_NOW] {
        let [a, b, c, d] = self.active.moves.map(i32::from);
        let [p, q, r, s] = self.active.pp.map(i32::from);
        match self.stands() {
            true => [a, b, c, d, p, q, r, s],
            false => [0; MOVES_NOW],
        }
    }

    #[inline(always)]
    fn counters(&self) -> [i32; COUNTERS] {
        let active = &self.active;
        let counters = [
            active.confusion,
            active.substitute,
            active.disable_turns,
            active.thrash_turns,
            active.bide_turns,
            active.trapping_turns,
            active.toxic_counter,
        ];
        match self.stands() {
            true => counters.map(i32::from),
            false => [0; COUNTERS],
        }
    }
}

impl Pokemon {
    /// As its own player knows it; the last number says whether it is out.
    #[inline(always)]
    fn write_own(&self, stats: &[u16; 5], out: &mut [i32; OWN]) {
        let [hp, attack, defense, speed, special] = stats.map(i32::from);
        let [a, b, c, d] = self.moves.map(i32::from);
        let left = if self.hp > 0 { self.pp } else { [0; SLOTS] };
        let [p, q, r, s] = left.map(i32::from);
        *out = [
            self.species.into(),
            self.level.into(),
            self.hp.into(),
            hp,
            attack,
            defense,
            speed,
            special,
            self.status.into(),
            a,
            b,
            c,
            d,
            p,
            q,
            r,
            s,
            0,
        ];
    }

    #[inline(always)]
    fn as_seen(&self, fact: &Fact, stands: bool) -> [i32; FOE] {
        let [a, b, c, d] = self.revealed_moves(fact).map(i32::from);
        [
            self.species.into(),
            self.level.into(),
            fact.percent(self.hp),
            self.status.into(),
            a,
            b,
            c,
            d,
            stands.into(),
        ]
    }

    /// What the foe has seen it use, by number, the unknown last.
    #[inline(always)]
    fn revealed_moves(&self, fact: &Fact) -> [u8; SLOTS] {
        let mut shown = [0; SLOTS];
        let mut count = 0;
        for slot in fact.slots {
            let known = self.revealed >> slot & 1;
            shown[count] = self.moves[usize::from(slot) % SLOTS] * known;
            count += usize::from(known);
        }
        shown
    }
}

impl Active {
    #[inline(always)]
    fn numbers(&self) -> [i32; ACTIVE] {
        let [first, second] = self.types.map(i32::from);
        let [attack, defense, speed, special, accuracy, evasion] = self.boosts.map(i32::from);
        [
            self.species.into(),
            first,
            second,
            self.transformed.into(),
            attack,
            defense,
            speed,
            special,
            accuracy,
            evasion,
            self.last_move.into(),
            (self.confusion > 0).into(),
            (self.substitute > 0).into(),
            self.leech_seed.into(),
            self.reflect.into(),
            self.light_screen.into(),
            self.mist.into(),
            self.focus_energy.into(),
            self.charging_move.into(),
            self.invulnerable.into(),
            self.recharge.into(),
            (self.trapped_turns > 0 || self.fake_trapped_turns > 0 || self.trapping_move > 0)
                .into(),
            (self.bide_turns > 0).into(),
            (self.thrash_move > 0).into(),
            self.rage.into(),
            self.disable_move.into(),
        ]
    }
}

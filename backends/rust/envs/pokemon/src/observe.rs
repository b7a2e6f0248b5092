//! What a player may know of a battle, as docs/envs/pokemon.md lays it out.

use crate::state::{Active, Battle, Pokemon, Side, SLOTS, TEAM};

/// Whole numbers, as observations hold them: none of a battle's is larger.
pub type Number = i16;

const HEAD: usize = 2;
const OWN: usize = 18;
const FOE: usize = 9;
const ACTIVE: usize = 26;
/// An own active Pokemon's numbers: its moves and their PP besides.
const OWN_ACTIVE: usize = ACTIVE + 2 * SLOTS;
const COUNTERS: usize = 7;

/// Places among the numbers of an own Pokemon.
const HP: usize = 2;
const MAX_HP: usize = 3;
const STATUS: usize = 8;
const MOVES: usize = 9;
const PP: usize = MOVES + SLOTS;
const STANDS: usize = OWN - 1;

/// Numbers of one player's observation.
pub const OBS_SIZE: usize = HEAD + TEAM * OWN + TEAM * FOE + OWN_ACTIVE + ACTIVE;
/// The same with what a player cannot know.
pub const FULL_OBS_SIZE: usize = OBS_SIZE + TEAM * OWN + 2 * TEAM + 2 * COUNTERS;

/// Both teams as both players know them: what of an observation mostly stays as it was from one
/// commit to the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct View {
    /// Each side's team, as its own player knows it.
    own: [[[Number; OWN]; TEAM]; 2],
    /// The same as the foe knows it, in the order of its appearance.
    seen: [[[Number; FOE]; TEAM]; 2],
}

impl View {
    /// That of a battle.
    #[inline(always)]
    pub fn of(battle: &Battle) -> Self {
        let mut view = View::default();
        for (side, own) in battle.sides.iter().enumerate() {
            for (slot, pokemon) in own.team.iter().enumerate() {
                view.own[side][slot] = pokemon.numbers();
                view.update(own, side, slot);
            }
        }
        view
    }

    /// Follows a commit, before which `fronts` were the slots of the Pokemon that were out: no
    /// others but those that are out now can have changed.
    #[inline(always)]
    pub fn follow(&mut self, battle: &Battle, fronts: [usize; 2]) {
        for (side, own) in battle.sides.iter().enumerate() {
            self.update(own, side, own.front());
            if fronts[side] != own.front() {
                self.update(own, side, fronts[side]);
            }
        }
    }

    /// What can change of one Pokemon.
    #[inline(always)]
    fn update(&mut self, own: &Side, side: usize, slot: usize) {
        let slot = slot.min(TEAM - 1);
        let pokemon = &own.team[slot];
        let stands = Number::from((slot == own.front()) & (pokemon.hp > 0));
        let row = &mut self.own[side][slot];
        pokemon.write_changing(stands, row);
        let rank = usize::from(pokemon.seen);
        if let Some(seen) = self.seen[side].get_mut(rank.wrapping_sub(1)) {
            *seen = pokemon.as_seen(row[MAX_HP], stands);
        }
    }
}

/// Takes the next numbers of an observation.
struct Writer<'a>(&'a mut [Number]);

impl<'a> Writer<'a> {
    #[inline(always)]
    fn next<const N: usize>(&mut self) -> &'a mut [Number; N] {
        let (next, rest) = std::mem::take(&mut self.0)
            .split_first_chunk_mut()
            .expect("a whole observation");
        self.0 = rest;
        next
    }
}

impl Battle {
    /// One player's observation; `view` is this battle's, `obs` has [`OBS_SIZE`] or
    /// [`FULL_OBS_SIZE`] elements.
    ///
    /// # Panics
    /// If `obs` is shorter.
    #[inline(always)]
    pub fn observe(&self, view: &View, player: usize, obs: &mut [Number]) {
        let full = obs.len() == FULL_OBS_SIZE;
        let (own, foe) = (&self.sides[player], &self.sides[1 - player]);
        let mut out = Writer(obs);
        self.write_teams(view, player, &mut out);
        own.write_active(out.next(), &mut [0; ACTIVE]);
        foe.write_active(&mut [0; OWN_ACTIVE], out.next());
        if full {
            out.next::<{ TEAM * OWN }>()
                .copy_from_slice(view.own[1 - player].as_flattened());
            for side in [own, foe] {
                *out.next() = side.team.map(|pokemon| pokemon.sleep_turns.into());
            }
            *out.next() = own.counters();
            *out.next() = foe.counters();
        }
    }

    /// Both players' observations, without what they cannot know: what both are given is made
    /// once.
    #[inline(always)]
    pub(crate) fn observe_both(&self, view: &View, obs: &mut [Number; 2 * OBS_SIZE]) {
        let (first, second) = obs.split_at_mut(OBS_SIZE);
        let (mut first, mut second) = (Writer(first), Writer(second));
        self.write_teams(view, 0, &mut first);
        self.write_teams(view, 1, &mut second);
        let (first_own, second_own) = (first.next(), second.next());
        self.sides[0].write_active(first_own, second.next());
        self.sides[1].write_active(second_own, first.next());
    }

    /// What stands before the active Pokemon.
    #[inline(always)]
    fn write_teams(&self, view: &View, player: usize, out: &mut Writer<'_>) {
        *out.next() = [self.turn as Number, self.request[player].into()];
        out.next::<{ TEAM * OWN }>()
            .copy_from_slice(view.own[player].as_flattened());
        out.next::<{ TEAM * FOE }>()
            .copy_from_slice(view.seen[1 - player].as_flattened());
    }
}

impl Side {
    /// Whether the Pokemon that is out has not fainted.
    #[inline(always)]
    fn stands(&self) -> bool {
        self.pokemon().hp > 0
    }

    /// The active Pokemon as its own player and as the foe is given it.
    #[inline(always)]
    fn write_active(&self, own: &mut [Number; OWN_ACTIVE], foe: &mut [Number; ACTIVE]) {
        self.active.write(self.stands(), own, foe);
    }

    #[inline(always)]
    fn counters(&self) -> [Number; COUNTERS] {
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
        let mask = -Number::from(self.stands());
        counters.map(|counter| Number::from(counter) & mask)
    }
}

impl Pokemon {
    /// As its own player knows it, but for what changes in a battle; 0 for an empty slot.
    #[inline(always)]
    fn numbers(&self) -> [Number; OWN] {
        let mut row = [0; OWN];
        if self.species != 0 {
            row[0] = self.species.into();
            row[1] = self.level.into();
            row[MAX_HP..STATUS].copy_from_slice(&self.all_stats().map(|stat| stat as Number));
            row[MOVES..PP].copy_from_slice(&self.moves.map(Number::from));
        }
        row
    }

    /// The rest of these numbers.
    #[inline(always)]
    fn write_changing(&self, stands: Number, row: &mut [Number; OWN]) {
        let left = u32::from(self.hp > 0).wrapping_neg();
        let pp = (u32::from_le_bytes(self.pp) & left).to_le_bytes();
        row[HP] = self.hp as Number;
        row[STATUS] = self.status.into();
        row[PP..STANDS].copy_from_slice(&numbers(pp));
        row[STANDS] = stands;
    }

    /// As the foe knows it.
    #[inline(always)]
    fn as_seen(&self, max_hp: Number, stands: Number) -> [Number; FOE] {
        let [a, b, c, d] = numbers(self.revealed_moves());
        [
            self.species.into(),
            self.level.into(),
            self.percent(max_hp),
            self.status.into(),
            a,
            b,
            c,
            d,
            stands,
        ]
    }

    /// HP in percent as the foe is shown it: rounded up, but 99 for less than all.
    #[inline(always)]
    fn percent(&self, max_hp: Number) -> Number {
        let (hp, most) = (u32::from(self.hp), max_hp as u32);
        let percent = (100 * hp + most.saturating_sub(1)) / most.max(1);
        let highest = if hp < most { 99 } else { 100 };
        percent.min(highest) as Number
    }

    /// What the foe has seen it use, by number, the unknown last.
    #[inline(always)]
    fn revealed_moves(&self) -> [u8; SLOTS] {
        let mut shown = [0, 1, 2, 3].map(|slot| {
            let unknown = (self.revealed >> slot & 1).wrapping_sub(1);
            self.moves[slot].wrapping_sub(1) | unknown
        });
        sort(&mut shown);
        // One more again, which takes the unknown to 0.
        shown.map(|id| id.wrapping_add(1))
    }
}

/// Sorts without a branch.
#[inline(always)]
fn sort(numbers: &mut [u8; SLOTS]) {
    for (low, high) in [(0, 1), (2, 3), (0, 2), (1, 3), (1, 2)] {
        let (a, b) = (numbers[low], numbers[high]);
        numbers[low] = a.min(b);
        numbers[high] = a.max(b);
    }
}

/// Bytes as numbers; all at once, for a word can be held in a register.
#[inline(always)]
fn numbers<const N: usize>(bytes: [u8; N]) -> [Number; N] {
    bytes.map(Number::from)
}

/// Numbers that go into a word.
const WORD: usize = 8;
/// Words of an active Pokemon, and the numbers that are left over.
const WORDS: usize = OWN_ACTIVE / WORD;

/// What shows of the bytes of [`Active::words`]: the most that they count for, and whether they
/// have a sign.
const SHOWN: [([u8; WORD], [Number; WORD]); WORDS] = {
    const ALL: u8 = u8::MAX;
    const SIGN: Number = 0x80;
    [
        ([ALL; WORD], [0, 0, 0, 0, SIGN, SIGN, SIGN, SIGN]),
        (
            [ALL, ALL, ALL, 1, 1, 1, 1, 1],
            [SIGN, SIGN, 0, 0, 0, 0, 0, 0],
        ),
        ([1, 1, ALL, 1, 1, 1, 1, 1], [0; WORD]),
        ([ALL; WORD], [0; WORD]),
    ]
};

impl Active {
    /// Its numbers but for two, a byte each: as they lie in memory, but that one stands for all
    /// kinds of partial trapping.
    #[inline(always)]
    fn words(&self) -> [u64; WORDS] {
        let [attack, defense, speed, special, accuracy, evasion] =
            self.boosts.map(|stage| stage as u8);
        let words = [
            [
                self.species,
                self.types[0],
                self.types[1],
                self.transformed.into(),
                attack,
                defense,
                speed,
                special,
            ],
            [
                accuracy,
                evasion,
                self.last_move,
                self.confusion,
                self.substitute,
                self.leech_seed.into(),
                self.reflect.into(),
                self.light_screen.into(),
            ],
            [
                self.mist.into(),
                self.focus_energy.into(),
                self.charging_move,
                self.invulnerable.into(),
                self.recharge.into(),
                self.trapping_move,
                self.bide_turns,
                self.thrash_move,
            ],
            [
                self.rage.into(),
                self.disable_move,
                self.moves[0],
                self.moves[1],
                self.moves[2],
                self.moves[3],
                self.pp[0],
                self.pp[1],
            ],
        ];
        let [first, second, third, fourth] = words.map(u64::from_le_bytes);
        let trapped = u64::from(self.trapped_turns | self.fake_trapped_turns);
        [first, second, third | trapped << 40, fourth]
    }

    /// All of its numbers, 0 unless it `stands`; the foe is given all but its moves and their PP.
    #[inline(always)]
    fn write(&self, stands: bool, own: &mut [Number; OWN_ACTIVE], foe: &mut [Number; ACTIVE]) {
        let mask = -Number::from(stands);
        let words = self.words();
        let (own_words, own_rest) = own.as_chunks_mut::<WORD>();
        let (foe_words, foe_rest) = foe.as_chunks_mut::<WORD>();
        for (index, out) in own_words.iter_mut().enumerate() {
            *out = shown(words[index], index, mask);
            if let Some(foe) = foe_words.get_mut(index) {
                *foe = *out;
            }
        }
        let [rage, disable_move, ..] = own_words[WORDS - 1];
        foe_rest.copy_from_slice(&[rage, disable_move]);
        for (out, pp) in own_rest.iter_mut().zip(&self.pp[SLOTS - 2..]) {
            *out = Number::from(*pp) & mask;
        }
    }
}

/// The numbers of one of [`Active::words`].
#[inline(always)]
fn shown(word: u64, index: usize, mask: Number) -> [Number; WORD] {
    let (most, signs) = SHOWN[index];
    let bytes = word.to_le_bytes();
    let mut out = [0; WORD];
    for at in 0..WORD {
        let number = Number::from(bytes[at].min(most[at])) ^ signs[at];
        out[at] = (number - signs[at]) & mask;
    }
    out
}

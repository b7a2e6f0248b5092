//! Stages of stats, and the stats that gen 1 keeps them in.
//!
//! Source: Showdown 0.11.11, data/mods/gen1/scripts.ts, `boost`, `boostBy`.

use crate::consts::STAGE_PERCENT;
use crate::state::{Active, Battle, ACCURACY};

/// The highest value of a stat with stages.
const HIGHEST: u16 = 999;

/// Percent of a stat (or of an accuracy) at a stage from -6 to 6.
pub(crate) fn stage_percent(stage: i8) -> u32 {
    let index = (i32::from(stage) + 6).clamp(0, 12);
    STAGE_PERCENT[index as usize] as u32
}

/// What changing a stage came to.
#[derive(PartialEq, Eq)]
enum Change {
    /// It is as high, or as low, as it goes.
    None,
    /// The stage changed, but the stat is 999, or 1, and stays.
    StageOnly,
    Full,
}

impl Battle {
    /// Changes a stage; whether that succeeded.
    pub(crate) fn boost(&mut self, side: usize, stat: u8, stages: i8) -> bool {
        self.hp(side) > 0
            && change_stage(self.active_mut(side), usize::from(stat), stages) == Change::Full
    }
}

fn change_stage(active: &mut Active, stat: usize, stages: i8) -> Change {
    let Some(&stage) = active.boosts.get(stat) else {
        return Change::None;
    };
    if (stages > 0 && stage >= 6) || (stages < 0 && stage <= -6) {
        return Change::None;
    }
    let mut changed = stage.saturating_add(stages).clamp(-6, 6);
    if stat >= ACCURACY {
        active.boosts[stat] = changed;
        return Change::Full;
    }
    let stuck_at = if stages > 0 { HIGHEST } else { 1 };
    let stuck = active.modified_stats[stat] == stuck_at;
    if stuck {
        // One stage of the change is taken back.
        changed -= stages.signum();
    }
    active.boosts[stat] = changed;
    if stuck {
        return Change::StageOnly;
    }
    let modified = u32::from(active.stats[stat]) * stage_percent(changed) / 100;
    let modified = (modified.min(u32::from(u16::MAX)) as u16).max(1);
    active.modified_stats[stat] = match stages > 0 {
        true => modified.min(HIGHEST),
        false => modified,
    };
    Change::Full
}

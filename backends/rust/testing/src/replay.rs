//! One trace on one instruction set.

use crate::arrays::{size_of, Buffers};
use crate::compare::Compare;
use crate::trace::{header, Reader, Sizes};
use samestep_core::rules::{Dtype, HEADER_BYTES};
use samestep_core::{BatchEnv, Env, Error, Isa, Params};

/// Replays all but `fewer` lanes of a trace.
pub fn replay(
    name: &str,
    bytes: &[u8],
    isa: Isa,
    fewer: usize,
    make: &impl Fn(&mut Params) -> Result<Box<dyn Env>, Error>,
    comparison: &impl Fn(Dtype) -> Compare,
) {
    let mut reader = Reader::new(bytes);
    let mut header = header(name, &mut reader);
    let env = make(&mut header.params).expect("the trace's parameters");
    let info = env.info();
    assert_eq!(
        info.layout_id as usize, header.layout,
        "{name}: another layout"
    );
    header
        .params
        .finish(info.name)
        .expect("no other parameters");
    let sizes = &header.sizes;
    assert_eq!(
        info.obs_len() * size_of(env.obs_dtype()),
        sizes.obs,
        "{name}: other observations"
    );
    let live = header.lanes - fewer;
    let mut replay = Replay {
        env: env.as_ref(),
        batch: env
            .batch(live, 1, Some(header.limit), isa)
            .expect("a batch"),
        buffers: Buffers::new(env.as_ref(), live, sizes),
        compare: comparison(env.obs_dtype()),
        lanes: header.lanes,
        live,
        sizes,
    };
    let mut rows = reader.take(header.lanes * sizes.state);
    replay.import(rows);
    let buffers = &mut replay.buffers;
    replay
        .batch
        .masks(&mut buffers.legal, &mut buffers.acting)
        .expect("arrays of the right size");
    replay.masks(&format!("{name}: step 0"), &mut reader);
    for step in 1..=header.steps {
        if !replay.compare.is_exact() {
            replay.import(&rounded(rows, sizes.state));
        }
        rows = replay.step(&format!("{name}: step {step}"), &mut reader);
    }
    assert!(reader.is_done(), "{name}: bytes are left over");
    replay.compare.finish(name);
}

/// A batch beside a trace.
struct Replay<'a> {
    env: &'a dyn Env,
    batch: Box<dyn BatchEnv>,
    buffers: Buffers,
    compare: Compare,
    /// Of the trace.
    lanes: usize,
    /// Of the batch: the first of the trace's.
    live: usize,
    sizes: &'a Sizes,
}

impl Replay<'_> {
    /// Puts the batch into a trace's states.
    fn import(&mut self, rows: &[u8]) {
        self.batch
            .import_state(None, &rows[..self.live * self.sizes.state])
            .expect("states of the reference");
    }

    /// Takes the next step and compares all that it led to; the trace's states after it.
    fn step<'b>(&mut self, at: &str, reader: &mut Reader<'b>) -> &'b [u8] {
        let (env, lanes, live, sizes) = (self.env, self.lanes, self.live, self.sizes);
        let actions = &reader.take(lanes * sizes.action)[..live * sizes.action];
        self.buffers
            .step(&mut *self.batch, actions, sizes.legal == 0);
        self.compare.step(live);
        let rows = reader.take(lanes * sizes.state);
        let mut got = vec![0; live * sizes.state];
        self.batch
            .export_state(None, &mut got)
            .expect("an array of the right size");
        self.compare
            .rows(&format!("{at}: state"), sizes.state, rows, &got);
        let reward_size = size_of(env.reward_dtype()) * sizes.players;
        self.compare.array(
            &format!("{at}: obs"),
            env.obs_dtype(),
            sizes.obs,
            reader.take(lanes * sizes.obs),
            &self.buffers.obs.bytes(),
        );
        self.compare.array(
            &format!("{at}: reward"),
            env.reward_dtype(),
            reward_size,
            reader.take(lanes * reward_size),
            &self.buffers.reward.bytes(),
        );
        let terminated = reader.take(lanes);
        let truncated = reader.take(lanes);
        for (what, expected, got) in [
            ("terminated", terminated, &self.buffers.terminated),
            ("truncated", truncated, &self.buffers.truncated),
        ] {
            self.compare
                .array(&format!("{at}: {what}"), Dtype::U8, 1, expected, got);
        }
        let final_obs = self.buffers.final_obs.bytes();
        for lane in 0..lanes {
            if terminated[lane] | truncated[lane] != 0 {
                let expected = reader.take(sizes.obs);
                if lane < live {
                    let got = &final_obs[lane * sizes.obs..][..sizes.obs];
                    let what = format!("{at}: final_obs");
                    self.compare
                        .lane(&what, env.obs_dtype(), lane, expected, got);
                }
            }
        }
        self.masks(at, reader);
        rows
    }

    /// Compares the masks.
    fn masks(&mut self, at: &str, reader: &mut Reader<'_>) {
        for (what, size, got) in [
            ("legal", self.sizes.legal, &self.buffers.legal),
            ("acting", self.sizes.acting, &self.buffers.acting),
        ] {
            let expected = reader.take(self.lanes * size);
            self.compare
                .array(&format!("{at}: {what}"), Dtype::U8, size, expected, got);
        }
    }
}

/// Rows with their states, which are f64 throughout, rounded to f32.
fn rounded(rows: &[u8], size: usize) -> Vec<u8> {
    let mut rows = rows.to_vec();
    for row in rows.chunks_exact_mut(size) {
        for bytes in row[HEADER_BYTES..].chunks_exact_mut(8) {
            let number = f64::from_le_bytes((&*bytes).try_into().expect("eight bytes"));
            bytes.copy_from_slice(&f64::from(number as f32).to_le_bytes());
        }
    }
    rows
}

//! Replays traces of the reference on an environment, without Python.
//!
//! `python -m harness verify --env ENV --export-traces FOLDER` writes them;
//! harness/verifying/traces.py describes the format.

use samestep_core::driver::Out;
use samestep_core::rules::{Array, ArrayMut, Dtype};
use samestep_core::{BatchEnv, Env, Error, Isa, Params, Value};
use std::path::Path;

/// Replays every `.trace` file of a folder, on every instruction set that this processor has,
/// with all lanes and with fewer, so that the last block is not full.
///
/// # Panics
/// At the first value that differs, saying where; and if there are no traces.
pub fn replay_folder(folder: &Path, make: impl Fn(&mut Params) -> Result<Box<dyn Env>, Error>) {
    let entries = std::fs::read_dir(folder).expect("a folder of traces");
    let mut count = 0;
    for entry in entries {
        let path = entry.expect("a folder entry").path();
        if path
            .extension()
            .is_none_or(|extension| extension != "trace")
        {
            continue;
        }
        count += 1;
        let bytes = std::fs::read(&path).expect("a readable trace");
        for isa in Isa::available() {
            for fewer in [0, 1, 11] {
                let name = format!("{} on {} without {fewer}", path.display(), isa.name());
                replay(&name, &bytes, isa, fewer, &make);
            }
        }
    }
    assert!(count > 0, "no traces in {}", folder.display());
}

/// A cursor over a trace's bytes.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> &'a [u8] {
        assert!(len <= self.0.len(), "the trace is cut off");
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken
    }

    fn word(&mut self) -> usize {
        let bytes = self.take(4).try_into().expect("four bytes");
        u32::from_le_bytes(bytes) as usize
    }
}

/// Sizes of a trace, in bytes an instance unless said otherwise.
struct Sizes {
    steps: usize,
    state: usize,
    obs: usize,
    players: usize,
    /// Of the masks of legal actions.
    legal: usize,
    /// Of `acting`: 0 with a single player.
    acting: usize,
    action: usize,
}

fn replay(
    name: &str,
    bytes: &[u8],
    isa: Isa,
    fewer: usize,
    make: &impl Fn(&mut Params) -> Result<Box<dyn Env>, Error>,
) {
    let mut reader = Reader(bytes);
    assert_eq!(reader.take(8), b"SSTRACE1", "{name}: not a trace");
    let layout = reader.word();
    let [lanes, steps, state, obs] = std::array::from_fn(|_| reader.word());
    let [players, actions, action] = std::array::from_fn(|_| reader.word());
    let sizes = Sizes {
        steps,
        state,
        obs,
        players,
        legal: players * actions,
        acting: if players > 1 { players } else { 0 },
        action,
    };
    let text_len = reader.word();
    let text = std::str::from_utf8(reader.take(text_len)).expect("parameters are text");
    let (mut params, limit) = parameters(text);
    let env = make(&mut params).expect("the trace's parameters");
    let info = env.info();
    assert_eq!(info.layout_id as usize, layout, "{name}: another layout");
    params.finish(info.name).expect("no other parameters");
    let live = lanes - fewer;
    let mut batch = env.batch(live, 1, Some(limit), isa).expect("a batch");
    let rows = reader.take(lanes * sizes.state);
    batch
        .import_state(None, &rows[..live * sizes.state])
        .expect("states of the reference");
    let mut buffers = Buffers::new(live, &sizes);
    batch
        .masks(&mut buffers.legal, &mut buffers.acting)
        .expect("arrays of the right size");
    let check = |what: &str, step: usize, size: usize, expected: &[u8], got: &[u8]| {
        same(
            &format!("{name}: step {step}: {what}"),
            size,
            &expected[..got.len()],
            got,
        );
    };
    check(
        "legal",
        0,
        sizes.legal,
        reader.take(lanes * sizes.legal),
        &buffers.legal,
    );
    check(
        "acting",
        0,
        sizes.acting,
        reader.take(lanes * sizes.acting),
        &buffers.acting,
    );
    for step in 1..=sizes.steps {
        let actions = &reader.take(lanes * sizes.action)[..live * sizes.action];
        buffers.step(
            &mut *batch,
            env.obs_dtype(),
            actions,
            actions_are_f32(&sizes),
        );
        let mut rows = vec![0; live * sizes.state];
        batch
            .export_state(None, &mut rows)
            .expect("an array of the right size");
        check(
            "state",
            step,
            sizes.state,
            reader.take(lanes * sizes.state),
            &rows,
        );
        check(
            "obs",
            step,
            sizes.obs,
            reader.take(lanes * sizes.obs),
            &buffers.obs,
        );
        let reward = bytes_of_f32(&buffers.reward);
        check(
            "reward",
            step,
            4 * players,
            reader.take(lanes * 4 * players),
            &reward,
        );
        let terminated = reader.take(lanes);
        check("terminated", step, 1, terminated, &buffers.terminated);
        let truncated = reader.take(lanes);
        check("truncated", step, 1, truncated, &buffers.truncated);
        for lane in 0..lanes {
            if terminated[lane] | truncated[lane] != 0 {
                let expected = reader.take(sizes.obs);
                if lane < live {
                    let got = &buffers.final_obs[lane * sizes.obs..][..sizes.obs];
                    same(
                        &format!("{name}: step {step}: final_obs of {lane}"),
                        1,
                        expected,
                        got,
                    );
                }
            }
        }
        check(
            "legal",
            step,
            sizes.legal,
            reader.take(lanes * sizes.legal),
            &buffers.legal,
        );
        check(
            "acting",
            step,
            sizes.acting,
            reader.take(lanes * sizes.acting),
            &buffers.acting,
        );
    }
    assert!(reader.0.is_empty(), "{name}: bytes are left over");
}

/// Lines such as "int frame_skip 8" as parameters, and the time limit, which is the batch's.
fn parameters(text: &str) -> (Params, u32) {
    let mut limit = 0;
    let mut given = Vec::new();
    for line in text.lines() {
        let mut words = line.split(' ');
        let mut word = || words.next().expect("kind, name and value");
        let (kind, name, value) = (word(), word(), word());
        let value = match kind {
            "bool" => Value::Bool(value == "True"),
            "int" => Value::Int(value.parse().expect("an integer")),
            _ => Value::Float(value.parse().expect("a number")),
        };
        match (name, value) {
            ("max_episode_steps", Value::Int(steps)) => limit = steps as u32,
            _ => given.push((name.to_owned(), value)),
        }
    }
    (Params::new(given), limit)
}

fn actions_are_f32(sizes: &Sizes) -> bool {
    sizes.legal == 0
}

/// A batch's outputs; observations as bytes whatever their type.
struct Buffers {
    obs: Vec<u8>,
    final_obs: Vec<u8>,
    reward: Vec<f32>,
    terminated: Vec<u8>,
    truncated: Vec<u8>,
    legal: Vec<u8>,
    acting: Vec<u8>,
}

impl Buffers {
    fn new(lanes: usize, sizes: &Sizes) -> Self {
        Buffers {
            obs: vec![0; lanes * sizes.obs],
            final_obs: vec![0; lanes * sizes.obs],
            reward: vec![0.0; lanes * sizes.players],
            terminated: vec![0; lanes],
            truncated: vec![0; lanes],
            legal: vec![0; lanes * sizes.legal],
            acting: vec![0; lanes * sizes.acting],
        }
    }

    fn step(&mut self, batch: &mut dyn BatchEnv, obs: Dtype, actions: &[u8], floats: bool) {
        let words = |bytes: &[u8]| -> Vec<[u8; 4]> {
            let four = bytes.chunks_exact(4);
            four.map(|word| word.try_into().expect("four bytes"))
                .collect()
        };
        let (mut f32s, mut i32s) = (Vec::new(), Vec::new());
        let actions = if floats {
            f32s.extend(words(actions).into_iter().map(f32::from_le_bytes));
            Array::F32(&f32s)
        } else {
            i32s.extend(words(actions).into_iter().map(i32::from_le_bytes));
            Array::I32(&i32s)
        };
        let len = self.obs.len();
        match obs {
            Dtype::U8 => {
                let mut pair = (vec![0; len], vec![0; len]);
                self.step_into(
                    batch,
                    actions,
                    ArrayMut::U8(&mut pair.0),
                    ArrayMut::U8(&mut pair.1),
                );
                (self.obs, self.final_obs) = pair;
            }
            Dtype::I32 => {
                let mut pair = (vec![0i32; len / 4], vec![0i32; len / 4]);
                let (obs, last) = (ArrayMut::I32(&mut pair.0), ArrayMut::I32(&mut pair.1));
                self.step_into(batch, actions, obs, last);
                let bytes =
                    |array: Vec<i32>| array.into_iter().flat_map(i32::to_le_bytes).collect();
                (self.obs, self.final_obs) = (bytes(pair.0), bytes(pair.1));
            }
            Dtype::F32 => {
                let mut pair = (vec![0f32; len / 4], vec![0f32; len / 4]);
                let (obs, last) = (ArrayMut::F32(&mut pair.0), ArrayMut::F32(&mut pair.1));
                self.step_into(batch, actions, obs, last);
                (self.obs, self.final_obs) = (bytes_of_f32(&pair.0), bytes_of_f32(&pair.1));
            }
        }
    }

    fn step_into(
        &mut self,
        batch: &mut dyn BatchEnv,
        actions: Array<'_>,
        obs: ArrayMut<'_>,
        final_obs: ArrayMut<'_>,
    ) {
        let out = Out {
            obs,
            final_obs,
            reward: &mut self.reward,
            terminated: &mut self.terminated,
            truncated: &mut self.truncated,
            legal: &mut self.legal,
            acting: &mut self.acting,
        };
        batch.step(actions, out).expect("legal actions");
    }
}

fn bytes_of_f32(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

/// Compares bytes, `size` of them a lane.
fn same(what: &str, size: usize, expected: &[u8], got: &[u8]) {
    assert_eq!(expected.len(), got.len(), "{what}: number of bytes");
    if let Some(at) = (0..got.len()).find(|&at| expected[at] != got[at]) {
        let (lane, byte) = (at / size, at % size);
        let row = lane * size..(lane + 1) * size;
        panic!(
            "{what} differs in lane {lane}, byte {byte}:\nexpected {:02x?}\ngot      {:02x?}",
            &expected[row.clone()],
            &got[row]
        );
    }
}

//! Takes logged actions again: `replay LOG...`. `python -m harness coverage` writes the logs, builds
//! this with instrumentation and reads which lines ran; harness/covering/playing.py has the format.

use samestep_core::driver::Out;
use samestep_core::rules::{Array, ArrayMut};
use samestep_core::threefry::root_key;
use samestep_core::{BatchEnv, Driver, Isa, Params, Value};
use samestep_pokemon::{Number, Pokemon, CHOICES};

/// A cursor over a log.
struct Log<'a>(&'a [u8]);

impl<'a> Log<'a> {
    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at_checked(len).expect("a whole log");
        self.0 = rest;
        taken
    }

    fn word(&mut self) -> usize {
        u32::from_le_bytes(self.take(4).try_into().expect("four bytes")) as usize
    }
}

/// Lines such as "int format 1".
fn parameters(text: &str) -> Params {
    Params::new(text.lines().map(|line| {
        let words: Vec<&str> = line.splitn(3, ' ').collect();
        let [kind, name, value] = words[..] else {
            panic!("no parameter: {line:?}");
        };
        let value = match kind {
            "bool" => Value::Bool(value == "True"),
            "int" => Value::Int(value.parse().expect("an integer")),
            "float" => Value::Float(value.parse().expect("a number")),
            _ => Value::Text(value.to_owned()),
        };
        (name.to_owned(), value)
    }))
}

/// Takes a log's actions from the reset on. Whether all ends as it did when they were logged.
fn ends_the_same(bytes: &[u8]) -> bool {
    let mut log = Log(bytes);
    assert_eq!(log.take(8), b"SSACTION");
    let [lanes, limit, players, steps, text] = [(); 5].map(|()| log.word());
    let seed = u64::from_le_bytes(log.take(8).try_into().expect("eight bytes"));
    let mut params = parameters(std::str::from_utf8(log.take(text)).expect("text"));
    let rules = Pokemon::new(&mut params).expect("parameters");
    let limit = Some(limit as u32);
    let mut env = Driver::new(rules, lanes, 1, limit, Isa::detect()).expect("a batch");
    let (info, agents) = (env.info().clone(), lanes * players);
    let mut obs = vec![Number::default(); lanes * info.obs_len()];
    let mut final_obs = obs.clone();
    let mut reward = vec![0.0; agents];
    let (mut terminated, mut truncated) = (vec![0; lanes], vec![0; lanes]);
    let (mut legal, mut acting) = (vec![0; agents * CHOICES], vec![0; agents]);
    if players == 1 {
        acting.clear();
    }
    env.reset(root_key(seed), None, ArrayMut::I16(&mut obs))
        .expect("a reset");
    // A shard of a proof begins with rows that are imported.
    let mut rows = vec![0; lanes * info.state_bytes];
    env.export_state(None, &mut rows).expect("rows");
    env.import_state(None, &rows).expect("rows of a reset");
    env.masks(&mut legal, &mut acting).expect("masks");
    for _ in 0..steps {
        let actions: Vec<i32> = log.take(agents).iter().map(|&byte| byte.into()).collect();
        let out = Out {
            obs: ArrayMut::I16(&mut obs),
            final_obs: ArrayMut::I16(&mut final_obs),
            reward: ArrayMut::F32(&mut reward),
            terminated: &mut terminated,
            truncated: &mut truncated,
            legal: &mut legal,
            acting: &mut acting,
        };
        env.step(Array::I32(&actions), out).expect("a step");
    }
    env.export_state(None, &mut rows).expect("rows");
    log.take(rows.len()) == rows && log.0.is_empty()
}

fn main() {
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path).expect("a readable log");
        if !ends_the_same(&bytes) {
            eprintln!("{path} ends in other states than when it was logged");
            std::process::exit(1);
        }
    }
}

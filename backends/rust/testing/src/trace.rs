//! A trace's bytes: what is in its header, and a cursor over the rest.

use samestep_core::{Params, Value};

/// A cursor over a trace's bytes.
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader(bytes)
    }

    pub fn take(&mut self, len: usize) -> &'a [u8] {
        assert!(len <= self.0.len(), "the trace is cut off");
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken
    }

    pub fn is_done(&self) -> bool {
        self.0.is_empty()
    }

    fn word(&mut self) -> usize {
        let bytes = self.take(4).try_into().expect("four bytes");
        u32::from_le_bytes(bytes) as usize
    }
}

/// What a trace says about itself.
pub struct Header {
    pub layout: usize,
    pub lanes: usize,
    pub steps: usize,
    pub sizes: Sizes,
    pub params: Params,
    /// Of an episode, in steps; 0 is none.
    pub limit: u32,
}

/// Bytes an instance, unless said otherwise.
pub struct Sizes {
    pub state: usize,
    pub obs: usize,
    /// Their number.
    pub players: usize,
    /// Of the masks of legal actions: 0 if actions are continuous.
    pub legal: usize,
    /// Of `acting`: 0 with a single player.
    pub acting: usize,
    pub action: usize,
}

/// Reads the header.
pub fn header(name: &str, reader: &mut Reader<'_>) -> Header {
    assert_eq!(reader.take(8), b"SSTRACE1", "{name}: not a trace");
    let layout = reader.word();
    let [lanes, steps, state, obs] = std::array::from_fn(|_| reader.word());
    let [players, actions, action] = std::array::from_fn(|_| reader.word());
    let text_len = reader.word();
    let text = std::str::from_utf8(reader.take(text_len)).expect("parameters are text");
    let (params, limit) = parameters(text);
    Header {
        layout,
        lanes,
        steps,
        sizes: Sizes {
            state,
            obs,
            players,
            legal: players * actions,
            acting: if players > 1 { players } else { 0 },
            action,
        },
        params,
        limit,
    }
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
            (_, value) => given.push((name.to_owned(), value)),
        }
    }
    (Params::new(given), limit)
}

//! Single-instruction tests: 60 an opcode, with every access. The file is not ours to carry: it is
//! looked for in $SAMESTEP_SHARED, and beside the repository.

mod common;

use std::collections::HashMap;
use std::fs::File;

use common::shared;
use flate2::read::GzDecoder;
use samestep_gameboy::cpu::{Access, Bus, Cpu};
use serde_json::Value;

#[derive(Default)]
struct Recorder {
    memory: HashMap<u16, u8>,
    /// (kind, address, value) of each access, in order.
    accesses: Vec<(char, u16, u8)>,
}

impl Bus for Recorder {
    fn read(&mut self, address: u16, _: Access) -> u8 {
        let value = self.memory[&address];
        self.accesses.push(('r', address, value));
        value
    }

    fn write(&mut self, address: u16, value: u8, _: Access) {
        self.memory.insert(address, value);
        self.accesses.push(('w', address, value));
    }

    fn fetch(&mut self, address: u16, access: Access) -> u8 {
        self.read(address, access)
    }

    fn pending(&self) -> bool {
        false
    }

    fn set_bail(&mut self, _: bool) {}
}

fn number(state: &Value, name: &str) -> u16 {
    let value = state[name].as_u64().unwrap_or(0);
    u16::try_from(value).expect("a word")
}

fn byte(value: &Value) -> u8 {
    u8::try_from(value.as_u64().expect("a number")).expect("a byte")
}

fn cpu(state: &Value) -> Cpu {
    let names = ["b", "c", "d", "e", "h", "l", "f", "a"];
    Cpu {
        r: names.map(|name| byte(&state[name])),
        sp: number(state, "sp"),
        pc: number(state, "pc"),
        ime: number(state, "ime") == 1,
        ei_delay: 2 * byte(&state["ei"].as_u64().unwrap_or(0).into()),
        ..Cpu::default()
    }
}

fn memory(state: &Value) -> HashMap<u16, u8> {
    let cells = state["ram"].as_array().expect("a list").iter();
    cells
        .map(|cell| {
            (
                u16::try_from(cell[0].as_u64().unwrap()).unwrap(),
                byte(&cell[1]),
            )
        })
        .collect()
}

/// The accesses of a test, without the machine cycles in which the bus rests.
fn accesses(test: &Value) -> Vec<(char, u16, u8)> {
    let kind = |pins: &str| match pins {
        "r-m" => Some('r'),
        "-wm" => Some('w'),
        _ => None,
    };
    let cycles = test["cycles"].as_array().expect("a list").iter();
    cycles
        .filter_map(|cycle| {
            let address = u16::try_from(cycle[0].as_u64()?).ok()?;
            Some((kind(cycle[2].as_str()?)?, address, byte(&cycle[1])))
        })
        .collect()
}

/// Ours and the file's: registers, memory, accesses, clocks.
fn run(opcode: &str, test: &Value) -> Result<(), String> {
    let mut memory = memory(&test["initial"]);
    let mut state = cpu(&test["initial"]);
    if opcode == "10" {
        memory.entry(state.pc + 1).or_insert(0);
    }
    let mut bus = Recorder {
        memory,
        ..Recorder::default()
    };
    let clocks = state.execute(&mut bus);
    let mut wanted_clocks = 4 * test["cycles"].as_array().expect("a list").len();
    let mut wanted = cpu(&test["final"]);
    let mut wanted_memory = self::memory(&test["final"]);
    let mut wanted_accesses = accesses(test);
    match opcode {
        // PyBoy stays at a HALT until it wakes. The file lets it and STOP last three cycles.
        "76" => {
            wanted.halted = true;
            wanted.pc -= 1;
            wanted_clocks = 4;
        }
        // PyBoy's STOP is two bytes long.
        "10" => {
            wanted_memory.entry(wanted.pc).or_insert(0);
            wanted_accesses.push(('r', wanted.pc, wanted_memory[&wanted.pc]));
            wanted.pc += 1;
            wanted_clocks = 4;
        }
        _ => {}
    }
    if state == wanted
        && bus.memory == wanted_memory
        && bus.accesses == wanted_accesses
        && usize::try_from(clocks) == Ok(wanted_clocks)
    {
        return Ok(());
    }
    Err(format!(
        "{}: {state:?} after {clocks}, wanted {wanted:?}; {:?}",
        test["name"], bus.accesses
    ))
}

#[test]
fn every_instruction_ends_as_on_the_hardware() {
    let path = shared().join("gameboy/sm83/sm83-60-per-opcode.json.gz");
    let Ok(file) = File::open(&path) else {
        eprintln!("skipped: {} is not there", path.display());
        return;
    };
    let opcodes: HashMap<String, Vec<Value>> =
        serde_json::from_reader(GzDecoder::new(file)).expect("JSON");
    assert_eq!(opcodes.len(), 500);
    let mut failed: Vec<_> = opcodes
        .iter()
        .filter_map(|(opcode, tests)| tests.iter().find_map(|test| run(opcode, test).err()))
        .collect();
    failed.sort();
    assert!(
        failed.is_empty(),
        "{} of 500 fail:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

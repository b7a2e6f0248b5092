//! The environment over a ROM and a definition of the tests' own, and the game that is shipped.

mod common;

use common::{image, Folder};
use samestep_core::driver::Out;
use samestep_core::params::Value;
use samestep_core::rules::{Array, ArrayMut, HEADER_BYTES};
use samestep_core::{BatchEnv, Env, Error, Isa, Params};
use samestep_gameboy::GameBoy;

/// Where C000 stands in a packed row, and what a row has.
const WRAM: usize = HEADER_BYTES + samestep_gameboy::state::BYTES
    - 144 * 40
    - 16 * 0x2000
    - 0x7F
    - 8
    - 0x100
    - 0x2000
    - 0x2000;

/// Once a frame: C000 counts frames, C001 is JOYP's lower half with the directions selected, and
/// C002 counts the frames in which a direction was held.
const COUNTING: [u8; 37] = [
    0x3E, 0x01, 0xE0, 0xFF, // IE: vertical blank
    0xAF, 0xE0, 0x0F, // nothing asked for
    0x76, 0x00, // halt; nop
    0xAF, 0xE0, 0x0F, // IF = 0: interrupts are never enabled, HALT just wakes up
    0x21, 0x00, 0xC0, 0x34, // inc (C000)
    0x3E, 0x20, 0xE0, 0x00, // JOYP: the directions
    0xF0, 0x00, 0xE6, 0x0F, // their lower half
    0xEA, 0x01, 0xC0, // to C001
    0xFE, 0x0F, 0x28, 0x04, // none is held: skip
    0x21, 0x02, 0xC0, 0x34, // inc (C002)
    0x18, 0xE2, // jr to halt
];

fn digest(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A folder with the counting ROM, and a definition of it with these lines; the definition's path.
fn game(name: &str, lines: &str) -> (Folder, String) {
    let folder = Folder::new(name);
    let rom = image(0, 2, 0, &COUNTING);
    folder.write("counting.gb", &rom);
    let text = format!(
        "name = 'counting'\nrom = 'counting.gb'\nsha256 = '{}'\n{lines}",
        digest(&rom)
    );
    let path = folder.write("counting.toml", text.as_bytes());
    (folder, path)
}

fn env(params: &[(&str, Value)]) -> Result<GameBoy, Error> {
    let given = params
        .iter()
        .map(|(name, value)| (name.to_string(), value.clone()));
    let mut params = Params::new(given);
    GameBoy::new(&mut params)
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// A batch and what its last step wrote.
struct Game {
    batch: Box<dyn BatchEnv>,
    obs: Vec<u8>,
    reward: Vec<f32>,
    terminated: Vec<u8>,
}

impl Game {
    fn new(params: &[(&str, Value)], n: usize) -> Game {
        let batch = env(params)
            .expect("parameters")
            .batch(n, 1, None, Isa::detect())
            .expect("a batch");
        let mut game = Game {
            obs: vec![0; n * batch.info().obs_len()],
            reward: vec![0.0; n],
            terminated: vec![0; n],
            batch,
        };
        game.batch
            .reset([0, 7], None, ArrayMut::U8(&mut game.obs))
            .expect("a reset");
        game
    }

    fn step(&mut self, action: i32) {
        let n = self.reward.len();
        let out = Out {
            obs: ArrayMut::U8(&mut self.obs),
            final_obs: ArrayMut::U8(&mut []),
            reward: ArrayMut::F32(&mut self.reward),
            terminated: &mut self.terminated,
            truncated: &mut vec![0; n],
            legal: &mut [],
            acting: &mut [],
        };
        self.batch
            .step(Array::I32(&vec![action; n]), out)
            .expect("a step");
    }

    fn row(&self, index: usize) -> Vec<u8> {
        let mut row = vec![0; self.batch.info().state_bytes];
        self.batch
            .export_state(Some(&[index]), &mut row)
            .expect("a row");
        row
    }

    /// Bytes from C000 on.
    fn ram(&self, index: usize) -> [u8; 3] {
        self.row(index)[WRAM..WRAM + 3]
            .try_into()
            .expect("three bytes")
    }
}

#[test]
fn buttons_are_held_for_the_first_frames() {
    let lines = "step = { frames = 10, press = 3, actions = ['', 'left', 'left+a'] }";
    let (_folder, path) = game("held", lines);
    let mut game = Game::new(&[("game", text(&path))], 1);
    let [frames, ..] = game.ram(0);
    game.step(1);
    assert_eq!(game.ram(0), [frames + 10, 0x0F, 3]);
    game.step(0);
    assert_eq!(game.ram(0), [frames + 20, 0x0F, 3]);
    game.step(2);
    assert_eq!(game.ram(0), [frames + 30, 0x0F, 6]);
    // A shorter step ends before they are let go; the next begins with its own.
    let mut short = Game::new(&[("game", text(&path)), ("frame_skip", Value::Int(2))], 1);
    short.step(1);
    assert_eq!(short.ram(0)[1..], [0x0D, 2]);
    short.step(0);
    assert_eq!(short.ram(0)[1..], [0x0F, 2]);
}

#[test]
fn rewards_and_ends_are_the_definition_s() {
    let lines = "features = [['frames', 'u8(0xC000)'], ['much', '1000'], ['little', '-1']]\n\
                 start = { script = [['left', 4], ['', 1]] }\n\
                 step = { frames = 5, press = 2, actions = ['', 'right'] }\n\
                 episode = { reward = 'u8(0xC002) - before(u8(0xC002))', reward_scale = -0.5, \
                 terminated = 'u8(0xC002) >= 8' }";
    let (_folder, path) = game("rewards", lines);
    let mut game = Game::new(&[("game", text(&path)), ("observation", Value::Int(4))], 1);
    let [frames, _, held] = game.ram(0);
    assert_eq!(held, 4, "as the script held a button");
    assert_eq!(game.obs, [frames, 255, 0]);

    game.step(1);
    assert_eq!((game.reward[0], game.terminated[0]), (-1.0, 0));
    assert_eq!(game.obs, [frames + 5, 255, 0]);
    game.step(0);
    assert_eq!((game.reward[0], game.terminated[0]), (0.0, 0));
    game.step(1);
    assert_eq!((game.reward[0], game.terminated[0]), (-1.0, 1));
    assert_eq!(game.ram(0), [frames, 0x0F, 4], "the next episode's start");
}

#[test]
fn a_reset_lets_a_drawn_number_of_frames_pass() {
    let lines = "start = { noops = 5 }\nstep = { actions = [''] }";
    let (_folder, path) = game("noops", lines);
    let game = Game::new(&[("game", text(&path))], 64);
    let mut seen: Vec<u8> = (0..64).map(|index| game.ram(index)[0]).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 6);
    assert_eq!(seen[5] - seen[0], 5);
}

#[test]
fn a_start_from_a_row() {
    let (folder, path) = game("row", "step = { frames = 7, actions = [''] }");
    let mut first = Game::new(&[("game", text(&path))], 1);
    first.step(0);
    folder.write("start.row", &first.row(0));
    let definition = std::fs::read_to_string(&path).expect("the definition");
    let with = |state: &str| {
        let lines = format!("{definition}\nstart = {{ state = '{state}' }}");
        folder.write("saved.toml", lines.as_bytes())
    };
    let saved = with("start.row");
    let game = Game::new(&[("game", text(&saved))], 1);
    assert_eq!(game.ram(0)[0], first.ram(0)[0] + 1, "a frame later");
    let refusal = |path: &str| {
        env(&[("game", text(path))])
            .expect_err("a wrong row")
            .to_string()
    };
    let none = folder.path().join("none.row").display().to_string();
    assert_eq!(refusal(&with("none.row")), format!("{none}: no such file"));
    let mut row = first.row(0);
    row[0] ^= 1;
    let other = folder.write("other.row", &row);
    assert!(refusal(&with("other.row")).starts_with(&format!("{other}: no packed row; accepted: ")));
    row[0] ^= 1;
    row[HEADER_BYTES + 9] = 0x0F; // F
    let wrong = folder.write("wrong.row", &row);
    assert!(refusal(&with("wrong.row")).starts_with(&format!("{wrong}: f is ")));
}

#[test]
fn parameters_that_are_refused() {
    let (folder, path) = game("refused", "step = { actions = [''] }");
    let game = ("game", text(&path));
    let refusal = |params: &[(&str, Value)]| env(params).expect_err("wrong").to_string();
    let none = folder.path().join("none.gb").display().to_string();
    let given = [game.clone(), ("rom", text(&none))];
    assert_eq!(refusal(&given), format!("{none}: no such file"));
    let other = folder.write("other.gb", &[1, 2, 3]);
    let rom = image(0, 2, 0, &COUNTING);
    let line = format!(
        "{other} has the SHA-256 {}; accepted: {}, that of counting.gb",
        digest(&[1, 2, 3]),
        digest(&rom)
    );
    assert_eq!(refusal(&[game.clone(), ("rom", text(&other))]), line);
    let line = "observation is 4; accepted: 0 to 3, for counting defines no features";
    assert_eq!(
        refusal(&[game.clone(), ("observation", Value::Int(4))]),
        line
    );
    let line = "observation is 5; accepted: an integer from 0 to 4";
    assert_eq!(
        refusal(&[game.clone(), ("observation", Value::Int(5))]),
        line
    );
    let line = "frame_skip is 1025; accepted: an integer from 0 to 1024";
    assert_eq!(refusal(&[game, ("frame_skip", Value::Int(1025))]), line);
}

/// The kinds of picture, in the game that is shipped, of one and the same state.
#[test]
fn observations_of_one_picture() {
    let mut games: Vec<Game> = (0..4)
        .map(|kind| Game::new(&[("observation", Value::Int(kind))], 2))
        .collect();
    let mut changes = 0;
    for step in 0..40 {
        let last = games[0].obs.clone();
        games
            .iter_mut()
            .for_each(|game| game.step([1, 2, 4][step / 3 % 3]));
        changes += usize::from(games[0].obs != last);
        let full = &games[0].obs;
        let shade = |row: usize, column: usize| full[row * 160 + column];
        for (index, &sum) in games[1].obs[..72 * 80].iter().enumerate() {
            let (row, column) = (index / 80 * 2, index % 80 * 2);
            let square = [(0, 0), (0, 1), (1, 0), (1, 1)];
            let expected: u8 = square.iter().map(|(y, x)| shade(row + y, column + x)).sum();
            assert_eq!(sum, expected, "step {step}, row {row}, column {column}");
        }
        for (index, &byte) in games[2].obs[..144 * 40].iter().enumerate() {
            for pixel in 0..4 {
                assert_eq!(
                    byte >> (2 * pixel) & 3,
                    full[index * 4 + pixel],
                    "step {step}"
                );
            }
        }
        assert!(full.iter().all(|shade| *shade <= 3));
    }
    assert!(changes > 20, "apples fall");
    // Grass, leaves and sky.
    let tiles = &games[3].obs[..18 * 20];
    assert!(tiles.iter().any(|tile| *tile != tiles[0]));
}

/// The shipped game, won and lost: the basket follows the lowest apple, or stands still.
#[test]
fn orchard_is_played() {
    let mut returns = [0.0, 0.0];
    for (clever, total) in returns.iter_mut().enumerate() {
        let mut game = Game::new(&[("observation", Value::Int(4))], 1);
        for step in 0.. {
            let lives = game.obs[1];
            assert!(
                step < 2000 && (1..=3).contains(&lives),
                "{step} steps, {lives} lives"
            );
            let apples = game.obs[3..12]
                .chunks_exact(3)
                .filter(|apple| apple[0] != 0);
            let target = apples.max_by_key(|apple| apple[2]).map(|apple| apple[1]);
            let basket = i32::from(game.obs[2]);
            let action = match target.map(|x| i32::from(x) - 4 - basket) {
                Some(distance) if clever == 1 && distance < -3 => 1,
                Some(distance) if clever == 1 && distance > 3 => 2,
                _ => 0,
            };
            game.step(action);
            *total += game.reward[0];
            if game.terminated[0] != 0 || *total >= 50.0 {
                break;
            }
        }
    }
    assert!(returns[0] < 10.0 && returns[1] >= 20.0, "{returns:?}");
}

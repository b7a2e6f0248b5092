// Loaded before Pokemon Showdown's own server (`node -r preload.js .../pokemon-showdown start`): it
// gives the settings, which the package wants in a file of its own folder, and it stands between
// the server and its simulator, whose text protocol it reads: seeds that are planned are added,
// and every line is kept. The package itself is left as it is.
//
// The environment variable POKEENV_SERVER is JSON: {folder, seeds, log}. Each line of the file
// `seeds` is the JSON {battle, teams: [p1, p2]} of one battle, in the order in which they start;
// once they are used up the server draws its own. `log` gets a JSON line for every line that the
// simulator is given: [room, line].
"use strict";

const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");

const { folder: named, seeds, log } = JSON.parse(process.env.POKEENV_SERVER);
const folder = fs.realpathSync(named); // as Node names what it loads

const SETTINGS = {
  bindaddress: "127.0.0.1",
  subprocesses: 0, // one process, so that ending it ends everything
  nofswriting: true, // nothing is written into the package's folder
  repl: false,
  watchconfig: false,
  loginserver: "http://127.0.0.1:9/", // nobody: names are not looked up elsewhere
  backdoor: false,
  loguserstats: 0,
  crashguard: false,
  reportjoins: false,
  reportbattles: false,
};

/** As if `settings` were exported by a file that does not exist. */
function provide(file, settings) {
  const resolve = Module._resolveFilename;
  Module._resolveFilename = function (request, ...rest) {
    return request === file ? file : resolve.call(this, request, ...rest);
  };
  const module = new Module(file);
  module.exports = settings;
  module.loaded = true;
  require.cache[file] = module;
}

let started = 0;

/** The planned seeds of the next battle that starts, if there are any. */
function nextSeeds() {
  const line = fs.readFileSync(seeds, "utf8").split("\n")[started++];
  return line ? JSON.parse(line) : {};
}

/** What the simulator is given for a line of the server's. */
function rewritten(stream, line) {
  const [type, ...rest] = line.split(" ");
  if (type === ">start") {
    const options = JSON.parse(rest.join(" "));
    stream.planned = nextSeeds();
    stream.room = options.roomid;
    if (stream.planned.battle) options.seed = stream.planned.battle;
    return `>start ${JSON.stringify(options)}`;
  }
  if (type === ">player") {
    const [side, ...text] = rest;
    const options = JSON.parse(text.join(" "));
    const seed = stream.planned?.teams?.[Number(side[1]) - 1];
    if (seed && !options.team) options.seed = seed;
    return `>player ${side} ${JSON.stringify(options)}`;
  }
  return line;
}

function watch({ BattleStream }) {
  const write = BattleStream.prototype._writeLines;
  BattleStream.prototype._writeLines = function (chunk) {
    const lines = chunk.split("\n").map((line) => rewritten(this, line));
    const kept = lines.filter((line) => line.startsWith(">"));
    fs.appendFileSync(log, kept.map((line) => `${JSON.stringify([this.room, line])}\n`).join(""));
    return write.call(this, lines.join("\n"));
  };
}

process.stdin.on("end", () => process.exit(0)).resume(); // whoever started this is gone
provide(path.join(folder, "config", "config.js"), SETTINGS);
watch(require(path.join(folder, "dist", "sim", "battle-stream.js")));

// Battles as Showdown's own server plays them, between its own random players, over its text
// protocol: `node stream_battles.js PACKAGE_FOLDER`, on stdin [{seed, teams: [sets, sets]}] as JSON.
// Writes of each what every stream was sent, and what the players chose.
"use strict";

const { readFileSync } = require("node:fs");
const path = require("node:path");
const folder = path.resolve(process.argv[2]);
const { BattleStream, Teams, getPlayerStreams } = require(folder);
const { RandomPlayerAI } = require(path.join(folder, "dist/sim/tools/random-player-ai.js"));

const VIEWERS = ["omniscient", "spectator", "p1", "p2"];

async function gather(stream, lines) {
  for await (const chunk of stream) lines.push(...chunk.split("\n"));
}

async function play({ seed, teams }, number) {
  const battle = new BattleStream();
  const streams = getPlayerStreams(battle);
  const seen = Object.fromEntries(VIEWERS.map((viewer) => [viewer, []]));
  const watched = ["omniscient", "spectator"].map((name) => gather(streams[name], seen[name]));
  const choices = { p1: [], p2: [] };
  ["p1", "p2"].forEach((name, n) => {
    const seed = `gen5,${n}${String(number).padStart(15, "0")}`;
    const player = new RandomPlayerAI(streams[name], { move: 0.8, seed });
    const { receive, choose } = player;
    player.receive = (chunk) => {
      seen[name].push(...chunk.split("\n"));
      if (chunk.startsWith("|error|")) choices[name].pop(); // it is asked again
      receive.call(player, chunk);
    };
    player.choose = (choice) => {
      choices[name].push(choice);
      choose.call(player, choice);
    };
    watched.push(player.start());
  });
  await streams.omniscient.write(`>start ${JSON.stringify({ formatid: "gen1ou", seed })}`);
  for (const [n, team] of teams.entries()) {
    // Packed text without an ability is read as with a modern one.
    const plain = team.map((set) => ({ ...set, ability: "No Ability" }));
    const given = { name: `p${n + 1}`, team: Teams.pack(plain) };
    await streams.omniscient.write(`>player p${n + 1} ${JSON.stringify(given)}`);
  }
  await Promise.all(watched);
  return { choices: [choices.p1, choices.p2], ...seen };
}

(async () => {
  const battles = JSON.parse(readFileSync(0, "utf8"));
  const played = [];
  for (const [number, battle] of battles.entries()) played.push(await play(battle, number));
  process.stdout.write(JSON.stringify(played));
})();

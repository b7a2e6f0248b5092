// Pokemon Showdown as a child process: `node server.js`, spoken to over stdin and stdout.
//
// A frame, either way: u32 length of the rest, u32 length of a JSON text, the text, then bytes that
// the text describes; all little-endian. Every request is answered by one frame, in order, with
// {error} where it failed. Commands and what they take and give are the methods of `Server`.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const { ACTIONS } = require("./choices");
const { makeCodes } = require("./codes");
const { BadInput } = require("./errors");
const { makeLayout } = require("./layout");
const { play } = require("./play");
const { Session } = require("./session");

/** The package, its generation 1 data, and what Python says of rows and numbers. */
function makeEngine({ packageFolder, version, layout, codes }) {
  const found = JSON.parse(
    fs.readFileSync(path.join(packageFolder, "package.json"), "utf8"),
  ).version;
  if (found !== version)
    throw new Error(`pokemon-showdown in ${packageFolder} is ${found}; needed: ${version}`);
  const showdown = require(packageFolder);
  const dex = showdown.Dex.mod("gen1");
  return { showdown, dex, layout: makeLayout(layout), codes: makeCodes(dex, codes) };
}

class Server {
  constructor() {
    this.sessions = new Map();
    this.nextId = 1;
  }

  /** Must come first: {packageFolder, version, layout, codes}. */
  open(request) {
    this.engine = makeEngine(request);
    return {};
  }

  session(id) {
    const session = this.sessions.get(id);
    if (!session) throw new Error(`no battle ${id}`);
    return session;
  }

  keep(session) {
    const id = this.nextId++;
    this.sessions.set(id, session);
    return id;
  }

  /** {ids}, then a row and a mask (2, 10) of each: what start, import, step and fork answer. */
  states(ids) {
    const { rowBytes } = this.engine.layout;
    const bytes = Buffer.alloc(ids.length * (rowBytes + 2 * ACTIONS));
    ids.forEach((id, i) => {
      const session = this.session(id);
      session.row.copy(bytes, i * rowBytes);
      const at = ids.length * rowBytes + i * 2 * ACTIONS;
      session.writeMask(bytes.subarray(at, at + 2 * ACTIONS));
    });
    return { ids, bytes };
  }

  /** {battles: [{format, teams, seed}]}: new battles, at their first request. */
  start({ battles }) {
    return this.states(battles.map((battle) => this.keep(new Session(this.engine, battle))));
  }

  /** {format, count} and `count` rows: battles that go on from them. */
  import({ format, count }, bytes) {
    const { rowBytes } = this.engine.layout;
    const rows = Array.from({ length: count }, (_, i) =>
      Buffer.from(bytes.subarray(i * rowBytes, (i + 1) * rowBytes)),
    );
    return this.states(rows.map((row) => this.keep(new Session(this.engine, { format, row }))));
  }

  /** {ids, actions: [p1, p2, p1, p2, ...]}: one commit of each; {shown}: its log's moves too. */
  step({ ids, actions }) {
    ids.forEach((id, i) => this.session(id).commit(actions[2 * i], actions[2 * i + 1]));
    return { ...this.states(ids), shown: ids.flatMap((id) => this.session(id).shown) };
  }

  /** {id, commits}: the battle as it was after so many commits, as another battle. */
  fork({ id, commits }) {
    return this.states([this.keep(this.session(id).fork(commits))]);
  }

  /** {id}: the protocol log and the input log of a battle; no input log for an imported one. */
  log({ id }) {
    const { battle, inputLog } = this.session(id);
    return { log: battle.log, inputLog };
  }

  /** {id}: what Showdown's `choose` accepts, {accepted: (2, 10) booleans}. */
  accepted({ id }) {
    return { accepted: this.session(id).accepted() };
  }

  /** {inputLog}: the protocol log that Showdown's own battle stream makes of it. */
  replay({ inputLog }) {
    const stream = new this.engine.showdown.BattleStream({ noCatch: true });
    for (const line of inputLog) stream.write(line);
    return { log: stream.battle.log };
  }

  /** {battles: [play.js's spec]}: whole battles; {actions}, and all rows, then all masks. */
  play({ battles, logs }) {
    const played = battles.map((battle) => play(this.engine, specOf(battle)));
    return {
      actions: played.map(({ session }) => session.actions),
      inputLogs: logs ? played.map(({ session }) => session.inputLog) : undefined,
      bytes: Buffer.concat([
        ...played.map(({ rows }) => rows),
        ...played.map(({ masks }) => masks),
      ]),
    };
  }
}

/** A row inside a JSON request is base64. */
function specOf(battle) {
  return battle.row ? { ...battle, row: Buffer.from(battle.row, "base64") } : battle;
}

const COMMANDS = ["open", "start", "import", "step", "fork", "log", "accepted", "replay", "play"];

/** The answer to one request, as [JSON text, bytes]. Any may name battles to forget. */
function answer(server, { command, forget, ...request }, bytes) {
  for (const id of forget) server.sessions.delete(id);
  if (!COMMANDS.includes(command)) throw new Error(`no command ${command}`);
  const { bytes: data = Buffer.alloc(0), ...text } = server[command](request, bytes);
  return [text, data];
}

function frame(text, bytes) {
  const json = Buffer.from(JSON.stringify(text));
  const head = Buffer.alloc(8);
  head.writeUInt32LE(4 + json.length + bytes.length, 0);
  head.writeUInt32LE(json.length, 4);
  return Buffer.concat([head, json, bytes]);
}

/** Exactly `length` bytes of stdin, or null at its end: the parent has gone. */
function readExactly(length) {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length;) {
    const got = fs.readSync(0, bytes, at, length - at, null);
    if (got === 0) return null;
    at += got;
  }
  return bytes;
}

function writeAll(bytes) {
  for (let at = 0; at < bytes.length;) at += fs.writeSync(1, bytes, at);
}

function serve() {
  const server = new Server();
  for (;;) {
    const head = readExactly(4);
    const body = head && readExactly(head.readUInt32LE(0));
    if (!body) return;
    const split = 4 + body.readUInt32LE(0);
    const request = JSON.parse(body.toString("utf8", 4, split));
    try {
      writeAll(frame(...answer(server, request, body.subarray(split))));
    } catch (error) {
      const kind = error instanceof BadInput ? "input" : "failed";
      writeAll(frame({ error: error.message, kind, stack: error.stack }, Buffer.alloc(0)));
    }
  }
}

if (require.main === module) serve();

module.exports = { Server, makeEngine };

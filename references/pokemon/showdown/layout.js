// Packed rows: where STATE's fields lie. Python sends the offsets: spec.py is their one truth.
"use strict";

const ACCESS = {
  u1: { size: 1, low: 0, high: 0xff, write: "writeUInt8", read: "readUInt8" },
  i1: { size: 1, low: -0x80, high: 0x7f, write: "writeInt8", read: "readInt8" },
  u2: { size: 2, low: 0, high: 0xffff, write: "writeUInt16LE", read: "readUInt16LE" },
  u4: { size: 4, low: 0, high: 0xffffffff, write: "writeUInt32LE", read: "readUInt32LE" },
};

/** One field of a row: `set` and `get` take the row's buffer, an element's index and its value. */
class Field {
  constructor(name, { offset, dtype, count }) {
    const access = ACCESS[dtype];
    if (!access) throw new Error(`field ${name} has dtype ${dtype}; known: ${Object.keys(ACCESS)}`);
    this.name = name;
    this.offset = offset;
    this.count = count;
    Object.assign(this, access);
  }

  set(row, index, value) {
    if (!Number.isInteger(value) || value < this.low || value > this.high || index >= this.count) {
      throw new Error(`${this.name}[${index}] cannot be ${value}`);
    }
    row[this.write](value, this.offset + index * this.size);
  }

  get(row, index) {
    return row[this.read](this.offset + index * this.size);
  }
}

/** {rowBytes, fields, name: Field, ...} of Python's {rowBytes, fields: {name: {offset, ...}}}. */
function makeLayout({ rowBytes, fields }) {
  const layout = { rowBytes, fields: [] };
  for (const name of Object.keys(fields)) {
    layout[name] = new Field(name, fields[name]);
    layout.fields.push(layout[name]);
  }
  return layout;
}

module.exports = { makeLayout };

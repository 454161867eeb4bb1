// The table's columns: values that are read, sorted and coloured without a copy of the table.

import { duration, moment, size, text } from "./words.js";

/** @typedef {{name: string, title: string, kind: "number" | "text" | "time" | "bool", read: (row: number) => any,
 *   ranks: () => Float64Array}} Column */

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** The id of a row's trial. */
export function idOf(table, row) {
  let text = "b3:";
  for (const byte of table.getChild("id").at(row)) text += HEX[byte];
  return text;
}

/** @returns {Map<string, Column>} */
export function columnsOf(table) {
  const found = new Map();
  for (const field of table.schema.fields) {
    if (field.name === "number" || field.name === "id") continue;
    found.set(field.name, column(table, field));
  }
  return found;
}

function column(table, field) {
  const vector = table.getChild(field.name);
  const type = field.type;
  const kind =
    field.name === "started" ? "time"
    : type.dictionary ? "text"
    : type.typeId === 6 ? "bool"
    : "number";
  let kept = null;
  return {
    name: field.name,
    title: field.name.replace(/^(param|metric)\./, ""),
    kind,
    read: (row) => vector.at(row),
    ranks() {
      return (kept ??= kind === "text" ? textRanks(vector) : numberRanks(vector));
    },
  };
}

/** A column's value in a row, as a cell says it. */
export function said(column, row) {
  const value = column.read(row);
  if (value === null || value === undefined) return "";
  if (column.kind === "time") return moment(value);
  if (column.name === "duration_s") return duration(value);
  if (column.name === "peak_memory") return size(value);
  if (column.name === "commit") return String(value).slice(0, 8);
  return text(value);
}

/** Values as floats; NaN for none. */
function numberRanks(vector) {
  const ranks = new Float64Array(vector.length);
  let start = 0;
  for (const batch of vector.data) {
    const plain = batch.nullCount === 0 && ArrayBuffer.isView(batch.values) && batch.values.length >= batch.length
      && batch.type.typeId !== 6;
    if (plain) ranks.set(batch.values.subarray(0, batch.length), start);
    else
      for (let place = 0; place < batch.length; place++) {
        const value = batch.at(place);
        ranks[start + place] = value === null ? NaN : Number(value);
      }
    start += batch.length;
  }
  return ranks;
}

/** The place of each text among the sorted distinct ones; NaN for none. */
function textRanks(vector) {
  const ranks = new Float64Array(vector.length);
  let start = 0;
  const places = new Map();
  const seen = [];
  for (const batch of vector.data) {
    const words = batch.dictionary.toArray ? batch.dictionary.toArray() : [...batch.dictionary];
    for (const word of words) if (!places.has(word)) places.set(word, seen.push(word) - 1);
    const codes = words.map((word) => places.get(word));
    for (let place = 0; place < batch.length; place++)
      ranks[start + place] = batch.nullCount === 0 || batch.isValid(place) ? codes[batch.values[place]] : NaN;
    start += batch.length;
  }
  const order = seen.map((_, place) => place).sort((a, b) => (seen[a] < seen[b] ? -1 : seen[a] > seen[b] ? 1 : 0));
  const rank = new Float64Array(seen.length);
  order.forEach((place, at) => (rank[place] = at));
  for (let row = 0; row < ranks.length; row++) if (ranks[row] === ranks[row]) ranks[row] = rank[ranks[row]];
  return ranks;
}

/**
 * Rows in the order of some columns; newest first where they do not say, and rows without a value last.
 * @param {Uint32Array} rows ascending @param {{column: Column, down: boolean}[]} keys the foremost first
 */
export function ordered(rows, keys) {
  let order = rows.slice().reverse();
  for (const { column, down } of [...keys].reverse()) order = byRank(order, column.ranks(), down);
  return order;
}

/** A stable order by 64 bits, made of four passes of 16 bits each: quicker than comparing. */
function byRank(rows, ranks, down) {
  const count = rows.length;
  const low = new Uint32Array(count);
  const high = new Uint32Array(count);
  const one = new Float64Array(1);
  const bits = new Uint32Array(one.buffer);
  for (let place = 0; place < count; place++) {
    one[0] = ranks[rows[place]];
    if (one[0] !== one[0]) {
      low[place] = high[place] = 0xffffffff;
      continue;
    }
    if (one[0] === 0) one[0] = 0; // -0 and 0 are alike
    let [l, u] = bits;
    if (u & 0x80000000) [l, u] = [~l >>> 0, ~u >>> 0];
    else u = (u | 0x80000000) >>> 0;
    if (down) [l, u] = [~l >>> 0, ~u >>> 0];
    low[place] = l;
    high[place] = u;
  }
  let order = new Uint32Array(count);
  for (let place = 0; place < count; place++) order[place] = place;
  let other = new Uint32Array(count);
  const counts = new Uint32Array(65537);
  for (const [words, shift] of [[low, 0], [low, 16], [high, 0], [high, 16]]) {
    counts.fill(0);
    for (let place = 0; place < count; place++) counts[((words[place] >>> shift) & 0xffff) + 1]++;
    if (counts.some((each) => each === count)) continue;
    for (let bucket = 0; bucket < 65536; bucket++) counts[bucket + 1] += counts[bucket];
    for (let place = 0; place < count; place++) {
      const at = order[place];
      other[counts[(words[at] >>> shift) & 0xffff]++] = at;
    }
    [order, other] = [other, order];
  }
  for (let place = 0; place < count; place++) other[place] = rows[order[place]];
  return other;
}

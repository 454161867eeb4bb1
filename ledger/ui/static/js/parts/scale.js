// Where values come along an axis: from 0, its start, to 1, its end.

import { number, text } from "./words.js";

const FAR = 100; // ratio of the largest to the smallest from which on an axis may be logarithmic without being asked to
const DECADE = 10; // ratio from which on it can be asked for
const SOME = 500; // values of which the median is taken
const MOST_TICKS = 6;

/** @typedef {{kind: "number" | "choice", log: boolean, words: any[], share: (value: number) => number,
 *   back: (share: number) => number, ticks: {at: number, text: string}[]}} Scale
 *  `share` takes a number, or the place of a choice; NaN for what has no place. */

/** An axis of numbers. @returns {Scale} */
export function numbers(low, high, log) {
  if (!(low <= high)) [low, high, log] = [0, 1, false];
  if (log && !(low > 0)) log = false;
  if (low === high) {
    const room = Math.abs(low) * 0.1 || 1;
    [low, high, log] = [low - room, high + room, false];
  }
  const to = log ? Math.log10 : (value) => value;
  const [first, last] = [to(low), to(high)];
  const share = (value) => {
    const at = (to(value) - first) / (last - first);
    return Number.isFinite(at) ? Math.min(1, Math.max(0, at)) : NaN;
  };
  return {
    kind: "number",
    log,
    words: [],
    share,
    back: (at) => (log ? 10 ** (first + at * (last - first)) : first + at * (last - first)),
    ticks: (log ? powers(low, high) : steps(low, high)).map((value) => ({ at: share(value), text: log ? String(value) : number(value) })),
  };
}

/** An axis of numbers that all finite ones of some are on: of a logarithmic one that is asked for, all above 0. */
export function around(values, { log = null, low = null, high = null } = {}) {
  let [least, most] = [low ?? Infinity, high ?? -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value) || (log && value <= 0)) continue;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return numbers(least, most, log ?? (least > 0 && most / least >= FAR && middle(values) < (least + most) / 10));
}

/** The median of some of the finite ones: where it is far below the middle, ratios say more than differences. */
function middle(values) {
  const every = Math.max(1, Math.floor(values.length / SOME));
  const some = Array.from({ length: Math.floor(values.length / every) }, (_, at) => values[at * every]).filter(Number.isFinite);
  return some.sort((a, b) => a - b)[Math.floor(some.length / 2)] ?? NaN;
}

/** An axis of choices. @param {any[]} words @returns {Scale} */
export function choices(words) {
  const every = Math.max(1, Math.ceil(words.length / 14));
  return {
    kind: "choice",
    log: false,
    words,
    share: (place) => (place >= 0 && place < words.length ? (place + 0.5) / words.length : NaN),
    back: (at) => Math.min(words.length - 1, Math.max(0, Math.floor(at * words.length))),
    ticks: words.map((word, place) => ({ at: (place + 0.5) / words.length, text: text(word) })).filter((_, place) => place % every === 0),
  };
}

/** Whether an axis is logarithmic: what the address says, `log` or `linear`; null: as the values suggest. */
export const asLog = (said) => ({ log: true, linear: false })[said] ?? null;

/** Whether the values above 0 go from one power of ten to another. @param {ArrayLike<number>} values */
export function spansDecades(values) {
  let [least, most] = [Infinity, 0];
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    if (!Number.isFinite(value) || value <= 0) continue;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return most / least >= DECADE;
}

function powers(low, high) {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  if (last <= first) return [low, high].map((each) => +each.toPrecision(3));
  const every = Math.max(1, Math.ceil((last - first) / MOST_TICKS));
  const found = [];
  for (let power = first; power <= last; power += every) found.push(Number(`1e${power}`));
  return found;
}

function steps(low, high) {
  const rough = (high - low) / MOST_TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5].map((each) => each * power).find((each) => each >= rough) ?? 10 * power;
  const found = [];
  for (let place = Math.ceil(low / step - 1e-9); place * step <= high + step * 1e-9 && found.length < 20; place++)
    found.push(+(place * step).toPrecision(12));
  return found;
}

/**
 * The axis of a column of the table, and where each row comes on it; NaN for no value.
 * @param {import("./columns.js").Column} column
 * @param {{log?: boolean, low?: number | null, high?: number | null, choices?: any[], type?: string, scale?: string | null}} [domain]
 *   `scale`: see `asLog`
 * @param {number} count rows
 */
export function placed(column, count, domain = {}) {
  const ranks = column.ranks();
  const shares = new Float32Array(count).fill(NaN);
  const isChoice = column.kind === "text" || column.kind === "bool" || (domain.choices ?? []).length > 0;
  if (!isChoice) {
    const measured = domain.low === null || domain.low === undefined;
    const scale = around(ranks, measured ? { log: asLog(domain.scale) } : { log: Boolean(domain.log), low: domain.low, high: domain.high });
    for (let row = 0; row < count; row++) shares[row] = scale.share(ranks[row]);
    return { scale, shares };
  }
  const words = [...(domain.choices ?? [])];
  const places = new Map(words.map((word, place) => [text(word), place]));
  const first = new Map(); // rank → place: each distinct value is read once
  const seen = [];
  for (let row = 0; row < count; row++) {
    const rank = ranks[row];
    if (rank !== rank || first.has(rank)) continue;
    first.set(rank, -1);
    seen.push([rank, column.read(row)]);
  }
  for (const [rank, value] of seen.sort((a, b) => a[0] - b[0])) {
    const said = text(value);
    if (!places.has(said)) places.set(said, words.push(value) - 1);
    first.set(rank, places.get(said));
  }
  const scale = choices(words);
  for (let row = 0; row < count; row++) if (ranks[row] === ranks[row]) shares[row] = scale.share(first.get(ranks[row]));
  return { scale, shares };
}

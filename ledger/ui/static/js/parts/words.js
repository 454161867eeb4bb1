// Numbers, times and names as the page writes them.

/** A number in the shortest form that tells it apart well enough. */
export function number(value) {
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e9) ? value.toExponential(3) : String(+value.toPrecision(6));
}

/** Any recorded value as text. */
export function text(value) {
  if (value === null || value === undefined) return "";
  if (Number.isSafeInteger(value)) return String(value); // a seed of ten digits is of no use rounded
  if (typeof value === "number") return number(value);
  if (typeof value === "string") return value;
  return JSON.stringify(value);
}

/** UTC to the second, from milliseconds since 1970 or RFC 3339. */
export function moment(value) {
  if (value === null || value === undefined) return "";
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? String(value) : date.toISOString().slice(0, 19).replace("T", " ");
}

const two = (value) => String(value).padStart(2, "0");

/** Seconds, as the commands write them: `0.31 s`, `4 min 05 s`, `2 h 03 min`. */
export function duration(value) {
  if (value === null || value === undefined) return "";
  if (value < 9.95) return value < 0.995 ? `${+value.toPrecision(2)} s` : `${value.toFixed(1)} s`;
  const whole = Math.round(value);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.round(value / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

/** Bytes, as the commands write them: `12 B`, `3.4 kB`. */
export function size(value) {
  if (value === null || value === undefined) return "";
  if (value < 1000) return `${value} B`;
  const units = ["kB", "MB", "GB", "TB", "PB"];
  let [amount, place] = [value / 1000, 0];
  while (amount >= 999.5 && place < units.length - 1) [amount, place] = [amount / 1000, place + 1];
  return `${+amount.toPrecision(3)} ${units[place]}`;
}

/** The short form of a digest or an id. */
export const short = (digest) => String(digest).replace(/^b3:/, "").slice(0, 8);

/** An id or a digest as it is typed: enough digits to tell trials apart, as the commands print it. */
export const typed = (digest) => String(digest).replace(/^b3:/, "").slice(0, 12);

export const count = (n, noun) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;

/** A word as a shell takes it. */
export function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** A text in which letters that nobody sees, or that turn the order of others, are written out. */
export const visible = (text) => text.replace(HIDDEN, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** An author's name without the address behind it. */
export const called = (author) => visible(author.replace(/ <[^<>]*>$/, "")).slice(0, 40);

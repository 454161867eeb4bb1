// The lines of the table: rows in order, and where they are grouped, heads in between.

import { ordered, said } from "./columns.js";

/** @typedef {{name: string, count: number, folded: boolean}} Head */
/** @typedef {{lines: ArrayLike<number>, heads: Map<number, Head>}} Lines a line is a row, or -1 for a head */

/**
 * @param {Uint32Array} rows ascending
 * @param {{column: import("./columns.js").Column, down: boolean}[]} keys the foremost first
 * @param {import("./columns.js").Column | undefined} group
 * @param {Set<string>} folded names of groups whose rows are not shown
 * @returns {Lines}
 */
export function arranged(rows, keys, group, folded) {
  const heads = new Map();
  if (!group) return { lines: ordered(rows, keys), heads };
  const order = ordered(rows, [{ column: group, down: false }, ...keys]);
  const ranks = group.ranks();
  const lines = [];
  let last = null;
  let head = null;
  for (const row of order) {
    const rank = Number.isNaN(ranks[row]) ? -1 : ranks[row];
    if (rank !== last) {
      const name = said(group, row) || "(none)";
      head = { name, count: 0, folded: folded.has(name) };
      heads.set(lines.length, head);
      lines.push(-1);
      last = rank;
    }
    head.count++;
    if (!head.folded) lines.push(row);
  }
  return { lines, heads };
}

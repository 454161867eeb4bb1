// What stands beside a trial in the table: how its replays ended, and what its record lacks.

import { count } from "./words.js";

const SIGNS = { identical: "✓", equivalent: "≈", diverged: "✗", incomparable: "?" };
const MOST = 200; // rows of one question

/** Marks by row, asked of the server for the rows in sight, once. */
export class Marks {
  /** @param {any} net */
  constructor(net) {
    this.net = net;
    this.clear();
  }

  /** The rows are other ones now. */
  clear() {
    this.held = new Map();
    this.asking = new Set();
  }

  /**
   * @param {number[]} rows in sight; below 0 is none
   * @param {(row: number) => string} idOf
   * @returns {Promise<boolean>} whether there is something new to be seen
   */
  async ask(rows, idOf) {
    const { held, asking } = this;
    const wanted = rows.filter((row) => row >= 0 && !held.has(row) && !asking.has(row)).slice(0, MOST);
    if (!wanted.length) return false;
    for (const row of wanted) asking.add(row);
    const ids = wanted.map(idOf);
    try {
      const answer = await this.net.json("marks", { ids: ids.join(",") });
      wanted.forEach((row, place) => held.set(row, answer.marks[ids[place]] ?? null));
      return held === this.held && wanted.some((row) => this.words(row));
    } catch {
      return false; // the table says nothing of replays then; the state line tells why the server is silent
    } finally {
      for (const row of wanted) asking.delete(row);
    }
  }

  /** In signs. */
  words(row) {
    const mark = this.held.get(row);
    if (!mark) return "";
    const told = Object.entries(mark.verdicts).map(([name, n]) => `${SIGNS[name] ?? name}${n > 1 ? n : ""}`);
    if (mark.lacking.length) told.push("△");
    return told.join(" ");
  }

  /** In words. */
  title(row) {
    const mark = this.held.get(row);
    if (!mark) return "";
    return [
      ...Object.entries(mark.verdicts).map(([name, n]) => `${count(n, "replay")} ${name}`),
      ...mark.lacking.map((each) => `${each.part} ${each.state}: ${each.reason}`),
    ].join("\n");
  }
}

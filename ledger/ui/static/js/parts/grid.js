// The table itself: what its cells say and look like, and how one moves in it.

import "../../vendor/regular-table/regular-table.js";
import { idOf, said } from "./columns.js";
import { h } from "./dom.js";
import { toneOf } from "./listing.js";
import { Marks } from "./marks.js";
import { shades } from "./shade.js";
import { short } from "./words.js";

const FIXED = ["id", "marks"]; // columns that are always there, in front

/** @typedef {{data: any, columns: Map<string, import("./columns.js").Column>, names: string[], sort: string,
 *   lines: ArrayLike<number>, heads: Map<number, import("./lines.js").Head>, rows: Uint32Array,
 *   colour: string}} Shown */

export class Grid {
  /**
   * @param {any} context
   * @param {import("./selection.js").Selection} selection
   * @param {{turn: (name: string, further: boolean) => void, find: () => void,
   *   fold: (name: string) => void}} actions
   */
  constructor(context, selection, actions) {
    this.context = context;
    this.selection = selection;
    this.actions = actions;
    this.marks = new Marks(context.net);
    this.here = 0;
    /** @type {Shown} */
    this.shown = { data: null, columns: new Map(), names: [], sort: "", lines: [], heads: new Map(), rows: new Uint32Array(0), colour: "" };
    this.table = document.createElement("regular-table");
    this.table.setAttribute("tabindex", "0");
    this.table.setAttribute("role", "group");
    this.table.setAttribute("aria-label", "Trials: arrow keys move, Enter opens one, x chooses it");
    this.element = h("div", { class: "grid" }, this.table);
    this.table.setDataListener((x0, y0, x1, y1) => this.cells(x0, y0, x1, y1), { virtual_mode: "both" });
    this.table.addStyleListener(() => this.style());
    this.table.addEventListener("click", (event) => this.clicked(event));
    this.table.addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {Shown} shown */
  async show(shown) {
    if (shown.data !== this.shown.data) this.marks.clear();
    this.shown = shown;
    this.here = Math.min(this.here, Math.max(0, shown.lines.length - 1));
    await this.table.draw({ invalid_viewport: true });
  }

  titles() {
    return [...FIXED, ...this.shown.names];
  }

  cells(x0, y0, x1, y1) {
    const { data, columns, heads } = this.shown;
    const titles = this.titles();
    const lines = Array.from(this.shown.lines.slice(y0, y1));
    this.ask(lines);
    const cells = [];
    for (let x = x0; x < Math.min(x1, titles.length); x++) {
      if (x === 0)
        cells.push(lines.map((row, at) => (row < 0 ? headWords(heads.get(y0 + at)) : short(idOf(data, row)))));
      else if (x === 1) cells.push(lines.map((row) => (row < 0 ? "" : this.marks.words(row))));
      else {
        const column = columns.get(titles[x]);
        cells.push(lines.map((row) => (row < 0 ? "" : said(column, row))));
      }
    }
    return {
      num_rows: this.shown.lines.length,
      num_columns: titles.length,
      data: cells,
      column_headers: titles.slice(x0, x1).map((name) => [this.heading(name)]),
      metadata: cells.map(() => lines),
    };
  }

  async ask(lines) {
    const { data } = this.shown;
    if (await this.marks.ask(lines, (row) => idOf(data, row))) await this.table.draw();
  }

  sortOf(name) {
    return this.shown.sort.split(",").find((each) => each.replace(/^-/, "") === name);
  }

  heading(name) {
    const key = this.sortOf(name);
    const arrow = key === undefined ? "" : key.startsWith("-") ? " ↓" : " ↑";
    return (this.shown.columns.get(name)?.title ?? name) + arrow;
  }

  style() {
    const { columns, lines, rows, colour } = this.shown;
    const titles = this.titles();
    const shade = columns.has(colour) ? shades(columns.get(colour), rows) : null;
    for (const cell of this.table.querySelectorAll("tbody td, tbody th")) {
      const meta = this.table.getMeta(cell);
      if (!meta || meta.y === undefined) continue;
      const row = lines[meta.y];
      const name = titles[meta.x];
      const column = columns.get(name);
      cell.className = row < 0 ? "group" : column?.kind === "number" ? "number" : "";
      cell.parentElement.classList.toggle("here", meta.y === this.here);
      cell.removeAttribute("title");
      if (row < 0 || row === undefined) continue;
      if (meta.x === 0) this.anchor(cell, row);
      else if (meta.x === 1) cell.title = this.marks.title(row);
      if (name === "experiment" && !this.context.scope && column.read(row) !== null)
        cell.replaceChildren(h("a", { href: this.context.link("experiment", column.read(row)), tabindex: "-1" }, said(column, row)));
      if (name === "status") cell.classList.add(toneOf(column.read(row)));
      const coloured = shade && (name === colour || meta.x === 0);
      const tint = coloured ? shade(columns.get(colour).read(row)) : null;
      if (tint !== null) {
        cell.classList.add(name === colour ? "shaded" : "tinted"); // the column itself may be out of sight
        cell.style.setProperty("--shade", tint);
      }
    }
    for (const cell of this.table.querySelectorAll("thead th")) {
      const name = titles[this.table.getMeta(cell)?.x];
      cell.className = columns.get(name)?.kind === "number" ? "number" : "";
      const key = this.sortOf(name);
      cell.setAttribute("aria-sort", key === undefined ? "none" : key.startsWith("-") ? "descending" : "ascending");
      if (name) cell.title = name;
    }
  }

  anchor(cell, row) {
    const id = idOf(this.shown.data, row);
    const link = h("a", { href: this.context.link("trial", id), class: "mono", tabindex: "-1" }, short(id));
    cell.replaceChildren(this.selection.box(id), link);
  }

  clicked(event) {
    if (event.target.matches("input")) return;
    const cell = event.target.closest("th, td");
    const meta = cell && this.table.getMeta(cell);
    if (!meta) return;
    if (cell.closest("thead")) {
      this.actions.turn(this.titles()[meta.x], event.shiftKey);
      return;
    }
    this.here = meta.y;
    const head = this.shown.heads.get(meta.y);
    if (head && meta.x === 0) this.actions.fold(head.name);
    else this.table.draw();
  }

  key(event) {
    const page = Math.max(1, this.table.querySelectorAll("tbody tr").length - 2);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity, j: 1, k: -1 };
    if (event.key === "Enter") {
      const row = this.shown.lines[this.here];
      if (row < 0) this.actions.fold(this.shown.heads.get(this.here).name);
      if (row >= 0) location.hash = this.context.link("trial", idOf(this.shown.data, row));
      return;
    }
    if (event.key === "x" && this.shown.lines[this.here] >= 0) {
      this.selection.toggle(idOf(this.shown.data, this.shown.lines[this.here]));
      return;
    }
    if (event.key === "/") {
      event.preventDefault();
      this.actions.find();
      return;
    }
    if (!(event.key in steps) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const last = this.shown.lines.length - 1;
    this.here = Math.max(0, Math.min(last, this.here + steps[event.key]));
    this.reveal();
  }

  async reveal() {
    const { names, lines, columns, data } = this.shown;
    const rows = this.table.querySelectorAll("tbody tr").length;
    const first = this.table.getMeta(this.table.querySelector("tbody td, tbody th"))?.y ?? 0;
    if (this.here < first || this.here >= first + rows - 2)
      await this.table.scrollToCell(0, Math.max(0, this.here < first ? this.here : this.here - rows + 3), this.titles().length, lines.length);
    await this.table.draw();
    const row = lines[this.here];
    const head = this.shown.heads.get(this.here);
    if (head) this.context.announce(`${head.name}, ${head.count} trials, ${head.folded ? "folded" : "unfolded"}: Enter folds`);
    if (row >= 0)
      this.context.announce(`${short(idOf(data, row))}, ${names.slice(0, 4).map((name) => `${name} ${said(columns.get(name), row)}`).join(", ")}`);
  }
}

function headWords(head) {
  return `${head.folded ? "▸" : "▾"} ${head.name} (${head.count})`;
}

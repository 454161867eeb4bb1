// All trials as a table: filter, columns, order, groups and colour are in the address.

import { decoded } from "../route.js";
import { columnsOf } from "../parts/columns.js";
import { fill, h, problem } from "../parts/dom.js";
import { Grid } from "../parts/grid.js";
import { arranged } from "../parts/lines.js";
import { picker } from "../parts/picker.js";
import { Selection } from "../parts/selection.js";
import { count } from "../parts/words.js";

const FIRST = ["name", "experiment", "status", "started", "duration_s"];
const FEW = 8; // hyperparameters and metrics that are shown where the address does not say which
const EXAMPLES = [
  ["replayed = identical", "a replay came out identical"],
  ["replayed = diverged", "one did not"],
  ["replays = 0", "not replayed yet"],
  ["machines > 1", "the same on several machines"],
  ["health != complete", "the record lacks something"],
  ["lacking = code", "of the code, at that"],
  ["status = failed or status = lost", "ended badly"],
];
const WAIT = 150; // ms after the last key before the filter is asked

export async function show(root, route, context) {
  const view = new Trials(root, context);
  await view.load();
  await view.update(route);
  const stop = context.live(() => view.reload());
  return {
    update: (next) => view.update(next),
    leave: () => {
      stop();
      view.leave();
    },
  };
}

export class Trials {
  constructor(root, context) {
    this.context = context;
    this.where = null;
    this.rows = new Uint32Array(0);
    this.build(root);
  }

  build(root) {
    const { go } = this.context;
    this.field = h("input", {
      type: "search", placeholder: "status = ok and lr >= 0.1", spellcheck: "false", autocomplete: "off",
      "aria-describedby": "where-problem", name: "where",
    });
    this.field.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.context.replace({ where: this.field.value }), WAIT);
    });
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        clearTimeout(this.timer);
        go({ where: this.field.value });
      }
    });
    this.complaint = h("div", { id: "where-problem" });
    this.examples = h("details", { class: "picker examples" }, h("summary", {}, "Examples"), h("div", {},
      h("ul", {}, EXAMPLES.map(([where, words]) => h("li", {}, h("button", { type: "button", onclick: () => this.ask(where) }, where), ` ${words}`))),
      h("p", { class: "faint" }, "All names and signs: ledger log --help")));
    this.total = h("span", { class: "count", role: "status" });
    this.group = h("select", { onchange: () => go({ group: this.group.value, folded: null }) });
    this.colour = h("select", { onchange: () => go({ colour: this.colour.value }) });
    this.order = h("select", { onchange: () => go({ sort: this.order.value }) });
    this.picker = picker((names) => go({ columns: names.map(encodeURIComponent).join(",") }));
    this.selection = new Selection(this.context);
    this.grid = new Grid(this.context, this.selection, {
      turn: (name, further) => this.turn(name, further),
      find: () => this.field.focus(),
      fold: (name) => this.fold(name),
    });
    fill(
      root,
      h("h1", { class: "unseen" }, "Trials"),
      h("div", { class: "controls" },
        h("label", { class: "where" }, "Where", this.field),
        this.total,
        this.examples,
        h("label", {}, "Group", this.group),
        h("label", {}, "Sort", this.order),
        h("label", {}, "Colour", this.colour),
        this.picker.element,
        this.selection.element),
      this.complaint,
      this.grid.element,
    );
  }

  async load() {
    const data = await this.context.net.arrow("trials");
    this.data = data;
    this.kind = data.schema.metadata?.get("numbers");
    this.columns = columnsOf(data);
    this.numbers = data.getChild("number").toArray();
    this.all = Uint32Array.from({ length: data.numRows }, (_, row) => row);
    this.rows = this.all;
    this.where = null;
    this.orders();
    this.options(this.group, ["experiment", ...[...this.columns.keys()].filter((name) => name !== "experiment")]);
    this.options(this.colour, [...this.columns.values()].filter((each) => each.kind === "number").map((each) => each.name));
  }

  /** Ask what an example asks. */
  ask(where) {
    this.examples.open = false;
    this.field.focus();
    this.field.value = where;
    this.context.go({ where });
  }

  /** Each column up and down: what a click on its head does, for who does not click. */
  orders() {
    const ways = [...this.columns.keys()].flatMap((name) => [[name, `${name} ↑`], [`-${name}`, `${name} ↓`]]);
    fill(this.order, h("option", { value: "" }, "newest first"), ways.map(([value, words]) => h("option", { value }, words)));
  }

  options(select, names) {
    fill(select, h("option", { value: "" }, "–"), names.filter((name) => this.columns.has(name)).map((name) => h("option", { value: name }, name)));
  }

  /** The ledger has moved: what is shown stays where it is. */
  async reload() {
    try {
      await this.load();
      await this.update(this.route);
    } catch (error) {
      fill(this.complaint, problem(error));
    }
  }

  async update(route) {
    this.route = route;
    const where = route.query.get("where") ?? "";
    if (document.activeElement !== this.field && this.field.value !== where) this.field.value = where;
    if (this.where !== where) await this.filter(where);
    const names = this.shownNames(route.query.get("columns"));
    this.picker.set(this.columns, names);
    this.sort = route.query.get("sort") ?? "";
    this.group.value = route.query.get("group") ?? "";
    this.colour.value = route.query.get("colour") ?? "";
    this.order.value = this.sort.split(",")[0];
    this.folded = new Set((route.query.get("folded") ?? "").split(",").filter(Boolean).map(decoded));
    const { lines, heads } = arranged(this.rows, this.keys(), this.columns.get(this.group.value), this.folded);
    this.selection.set(route.query);
    await this.grid.show({
      data: this.data, columns: this.columns, names, sort: this.sort, lines, heads, rows: this.rows, colour: this.colour.value,
    });
    performance.mark("trials");
  }

  async filter(where) {
    this.where = where;
    fill(this.complaint);
    this.field.removeAttribute("aria-invalid");
    if (where.trim() === "") {
      this.rows = this.all;
    } else {
      this.aborter?.abort();
      this.aborter = new AbortController();
      try {
        const answer = await this.context.net.arrow("filtered", { where }, { signal: this.aborter.signal });
        if (answer.schema.metadata?.get("numbers") !== this.kind) await this.load();
        this.rows = this.rowsOf(answer.getChild("number").toArray());
        this.where = where;
      } catch (error) {
        if (error.name === "AbortError") return;
        fill(this.complaint, problem(error));
        this.field.setAttribute("aria-invalid", "true");
      }
    }
    const words = this.rows.length === this.all.length ? count(this.all.length, "trial")
      : `${this.rows.length.toLocaleString("en")} of ${count(this.all.length, "trial")}`;
    this.total.textContent = words;
  }

  /** Both are ascending, so one walk finds the rows. */
  rowsOf(numbers) {
    const rows = new Uint32Array(numbers.length);
    let found = 0;
    let row = 0;
    for (const number of numbers) {
      while (row < this.numbers.length && this.numbers[row] < number) row++;
      if (row < this.numbers.length && this.numbers[row] === number) rows[found++] = row;
    }
    return rows.subarray(0, found);
  }

  shownNames(asked) {
    if (asked) return asked.split(",").map(decoded).filter((name) => this.columns.has(name));
    const few = (prefix) => [...this.columns.keys()].filter((name) => name.startsWith(prefix)).slice(0, FEW);
    return [...FIRST.filter((name) => this.columns.has(name)), ...few("param."), ...few("metric.")];
  }

  keys() {
    const found = [];
    for (const each of this.sort.split(",").filter(Boolean)) {
      const down = each.startsWith("-");
      const column = this.columns.get(down ? each.slice(1) : each);
      if (column) found.push({ column, down });
    }
    return found;
  }

  /** Sort by a column: up, down, not at all. With shift, behind the others. */
  turn(name, further) {
    if (!this.columns.has(name)) return;
    const keys = this.sort.split(",").filter(Boolean);
    const now = keys.find((each) => each.replace(/^-/, "") === name);
    const next = now === undefined ? name : now.startsWith("-") ? null : `-${name}`;
    const rest = further ? keys.filter((each) => each !== now) : [];
    this.context.go({ sort: [...rest, next].filter(Boolean).join(",") });
    this.context.announce(next === null ? "newest first" : `sorted by ${name}, ${next.startsWith("-") ? "descending" : "ascending"}`);
  }

  /** Hide a group's rows, or show them again. */
  fold(name) {
    const folded = new Set(this.folded);
    if (!folded.delete(name)) folded.add(name);
    this.context.go({ folded: [...folded].map(encodeURIComponent).join(",") });
    this.context.announce(`${name} ${folded.has(name) ? "folded" : "unfolded"}`);
  }

  leave() {
    clearTimeout(this.timer);
    this.aborter?.abort();
  }
}

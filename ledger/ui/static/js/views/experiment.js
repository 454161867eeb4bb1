// An experiment: how it stands, its trials as lines and as a table that are brushed together, and its drawings.

import { changed } from "../parts/brush.js";
import { copyable } from "../parts/copy.js";
import { fill, h, problem } from "../parts/dom.js";
import { fields } from "../parts/fields.js";
import { choice, linked, states } from "../parts/listing.js";
import { notes } from "../parts/notes.js";
import { parallel } from "../parts/parallel.js";
import { picker } from "../parts/picker.js";
import { placed } from "../parts/scale.js";
import { sections } from "../parts/sections.js";
import { count, number, quoted } from "../parts/words.js";
import { decoded } from "../route.js";
import { Trials } from "./trials.js";

const MOST = 14; // axes that are drawn where the address does not say which

export async function show(root, route, context) {
  const view = new Experiment(root, route, context);
  await view.load(route);
  await view.update(route);
  const stop = context.live(() => view.reload());
  return { update: (next) => view.update(next), leave: () => (stop(), view.leave()) };
}

class Experiment {
  constructor(root, route, context) {
    Object.assign(this, { context, name: route.id, route, asked: { text: "", axes: {}, rest: false } });
    this.head = h("div", {});
    this.lines = parallel((axis, asked) => this.brush(axis, asked));
    this.fields = fields((axis, asked) => this.brush(axis, asked));
    this.complaint = h("div", {});
    this.picker = picker((names) => context.go({ axes: names.map(encodeURIComponent).join(",") }), "Axes");
    this.clear = h("button", { type: "button", onclick: () => context.go({ brush: null }) }, "Clear the brush");
    const part = (this.part = h("div", { class: "trials-part" }));
    this.few = h("p", { class: "faint" }, "Nothing to draw as lines yet: that takes a metric or two hyperparameters in which trials differ.");
    this.body = h("div", {},
      h("h2", {}, "Trials"), this.few, this.lines.element, h("div", { class: "controls" }, this.clear, this.picker.element), this.fields.element, this.complaint, part);
    this.sections = sections(context, this.name);
    const below = h("div", {});
    fill(root, this.head, this.body, this.sections.element, below);
    this.notes = notes(below, context, { experiments: [this.name] });
    this.table = new Trials(part, this.scoped());
    part.querySelector("h1")?.remove();
  }

  /** The table's own words are said of this experiment alone; its filter is the brush. */
  scoped() {
    const { context, name } = this;
    const renamed = ({ where, ...rest }) => ({ ...rest, ...(where === undefined ? {} : { brush: where }) });
    return {
      ...context,
      scope: { experiment: name },
      net: { ...context.net, arrow: (what, query, options) => context.net.arrow(what, { ...query, experiment: name }, options) },
      go: (changes) => context.go(renamed(changes)),
      replace: (changes) => context.replace(renamed(changes)),
    };
  }

  question(route = this.route) {
    return { name: this.name, metric: route.query.get("metric"), direction: route.query.get("direction") };
  }

  async load(route) {
    this.found = await this.context.net.json("experiment", this.question(route));
    this.loaded = JSON.stringify(this.question(route));
    this.body.hidden = this.sections.element.hidden = !this.found.trials.trials;
    if (!this.body.hidden) await this.table.load();
    this.axes = null;
  }

  /** The ledger has moved. What is shown stays where it is. */
  async reload() {
    if (this.busy) return;
    this.busy = true;
    try {
      const before = this.found.trials;
      await this.load(this.route);
      await this.update(this.route, true);
      const more = this.found.trials.trials - before.trials;
      if (more > 0) this.context.announce(`${count(more, "new trial")}`);
    } catch (error) {
      fill(this.complaint, problem(error));
    } finally {
      this.busy = false;
    }
  }

  async update(route, moved = false) {
    this.route = route;
    if (this.loaded !== JSON.stringify(this.question(route))) {
      this.found = await this.context.net.json("experiment", this.question(route));
      this.loaded = JSON.stringify(this.question(route));
      this.axes = null;
    }
    this.header();
    if (this.body.hidden) return;
    if (this.axesAsked !== route.query.get("axes")) this.axes = null;
    this.axesAsked = route.query.get("axes");
    this.axes ??= this.made();
    await this.heed(route.query.get("brush") ?? "");
    await this.table.update(this.tableRoute(route));
    this.draw();
    this.sections.set({ found: this.found, route, axes: this.axes, table: this.table, moved });
  }

  /** What the brush in the address asks of each axis: the server reads it, as it reads any filter. */
  async heed(words) {
    if (words === this.asked.text) return;
    this.asked = { text: words, axes: {}, rest: words !== "" };
    fill(this.complaint);
    try {
      const { axes, rest } = await this.context.net.json("brush", { where: words });
      const known = new Map(this.axes.flatMap((axis) => [[axis.ask, axis.ask], [axis.column, axis.ask], [axis.name, axis.ask]]));
      const named = Object.entries(axes).map(([name, asked]) => [known.get(name) ?? name, asked]);
      this.asked = { text: words, axes: Object.fromEntries(named), rest: rest || named.length < Object.keys(axes).length };
    } catch {
      return; // the table tells what is wrong with it, beside the field
    }
  }

  brush(axis, asked) {
    this.context.go({ brush: changed(this.asked, axis.ask, asked) });
    this.context.announce(asked ? `${axis.name} is brushed` : `${axis.name} is free`);
  }

  /** The axes: hyperparameters in which trials differ, and the metric. */
  made() {
    const { columns, all } = this.table;
    const metric = this.found.objective?.metric;
    const wanted = this.route.query.get("axes")?.split(",").map(decoded);
    const every = this.found.hyperparameters.map((each) => ({ ...each, column: `param.${each.name}` })).filter((each) => columns.has(each.column));
    const found = wanted ? every.filter((each) => wanted.includes(each.column)) : every.filter((each) => each.varies).slice(0, MOST);
    this.picker.set(new Map(every.map((each) => [each.column, { title: each.name }])), found.map((each) => each.column));
    const last = this.found.metrics.find((each) => each.name === metric);
    if (last) found.push({ ...last, column: columns.has(`metric.${metric}`) ? `metric.${metric}` : metric, isMetric: true });
    return found.filter((each) => columns.has(each.column)).map((each) => ({ ...each, ...placed(columns.get(each.column), all.length, each) }));
  }

  draw() {
    const { axes, table, found } = this;
    this.clear.hidden = this.asked.text === "";
    this.lines.element.hidden = this.fields.element.hidden = axes.length < 2;
    this.few.hidden = axes.length >= 2;
    this.part.style.height = `${Math.min(440, 120 + 24 * table.all.length)}px`;
    this.fields.set(axes, this.asked.axes);
    this.lines.set({
      axes, all: table.all, rows: table.rows, asked: this.asked.axes,
      shares: axes.find((axis) => axis.isMetric)?.shares ?? null,
      turned: found.objective?.direction === "maximize",
    });
  }

  tableRoute(route) {
    const query = new URLSearchParams(route.query);
    for (const key of ["where", "brush", "metric", "direction", "axes", "x_metric", "x_direction", "scale"]) query.delete(key);
    if (route.query.get("brush")) query.set("where", route.query.get("brush"));
    if (!query.has("columns"))
      query.set("columns", ["name", "status", ...this.axes.map((axis) => axis.column).reverse(), "seed", "started", "duration_s"].map(encodeURIComponent).join(","));
    return { ...route, query };
  }

  header() {
    const { found, context } = this;
    const { best, objective, search } = found;
    const names = found.metrics.map((each) => each.name);
    const metric = objective?.metric ?? "";
    if (metric && !names.includes(metric)) names.push(metric);
    const options = [...(metric ? [] : [["", "choose one"]]), ...names.map((name) => [name, name])];
    fill(this.head,
      h("h1", {}, found.name),
      h("p", { class: "facts" }, count(found.trials.trials, "trial"), found.trials.trials ? [": ", states(found.trials.statuses)] : null,
        found.trials.removed ? `, ${found.trials.removed.toLocaleString("en")} of them taken back` : null,
        search ? [" · searched by ", search.sampler, search.scheduler ? ` and ${search.scheduler}` : "", `, seed ${search.seed}`,
          search.seeds > 1 ? `, up to ${search.seeds} seeds each` : ""] : " · not tuned",
        found.objectives.length ? ` · ${found.objectives.map((each) => `${each.direction} ${each.metric}`).join(", ")}` : null,
        found.running ? [" · ", h("strong", {}, `${count(found.running, "trial")} running now`)] : null),
      h("div", { class: "controls" },
        choice("Metric", options, metric, (value) => context.go({ metric: value, direction: null, brush: null })),
        choice("Direction", [["minimize", "minimize"], ["maximize", "maximize"]], objective?.direction ?? "minimize", (value) => context.go({ metric, direction: value }))),
      best ? this.bestWords(best, metric) : found.problem ? h("p", { class: "faint" }, found.problem) : null,
      h("p", {}, "In a file: ", copyable(this.command(), context.announce), " · ",
        h("a", { href: context.link("experiments", "", { chosen: JSON.stringify([found.name]) }) }, "Compare with another experiment")));
  }

  command() {
    const { found } = this;
    const objective = found.objective && !found.objectives.some((each) => each.metric === found.objective.metric)
      ? ` --${found.objective.direction} ${quoted(found.objective.metric)}` : "";
    return `ledger report ${quoted(found.name)}${objective} -o report.html`;
  }

  bestWords(best, metric) {
    return h("p", { class: "best" }, "Best: ", linked(this.context, best.trial, best.name ?? undefined), `, ${metric} ${number(best.value)}`,
      best.mean === null ? null : `; mean over ${count(best.seeds, "seed")} estimated as ${number(best.mean)} (95 %: ${number(best.interval[0])} to ${number(best.interval[1])})`,
      `, of ${count(best.configurations, "configuration")} and ${count(best.measured, "trial")} with a value`,
      best.optimistic ? h("span", { class: "warn" }, "; the best of many single runs: a lucky seed may be in it") : null,
      best.signed ? h("span", { class: "faint" }, `; the signed head holds ${count(best.signed.trials, "trial")}`) : null);
  }

  leave() {
    this.table.leave();
    this.lines.leave();
    this.sections.leave();
    this.notes.leave();
  }
}

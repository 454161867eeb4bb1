// Two or more trials, or experiments, side by side: what they have that is not the same.

import { copyable } from "../parts/copy.js";
import { overlay } from "../parts/curves.js";
import { PARTS, code, differences, value } from "../parts/differences.js";
import { fill, h, problem } from "../parts/dom.js";
import { tone } from "../parts/listing.js";
import { notes } from "../parts/notes.js";
import { preview } from "../parts/preview.js";
import { count, short, size, typed } from "../parts/words.js";
import { compared } from "./compared.js";
import { curvesOf } from "./curves.js";

/** The address names trials (`of`, `where`), or `experiments`. */
export async function show(root, route, context) {
  const kind = ({ query }) => (query.has("experiments") ? compared : trials);
  let [shown, made] = [kind(route), await kind(route)(root, route, context)];
  return {
    async update(next) {
      if (kind(next) === shown) return made.update(next);
      made.leave();
      shown = kind(next);
      made = await shown(root, next, context);
    },
    leave: () => made.leave(),
  };
}

async function trials(root, route, context) {
  let plot = null;
  let turn = 0;
  let now = route;
  let known = null;
  let said = null;
  let about = "";
  const place = h("div", {});
  const below = h("div", {});
  fill(root, place, below);
  /** Notes on just these trials; a form that is being filled in stays. */
  const discuss = (trials) => {
    if (trials.join(",") === about) return;
    about = trials.join(",");
    said?.leave();
    said = trials.length > 1 ? notes(below, context, { trials }) : null;
    if (!said) fill(below);
  };
  /** Where `again` is set, only if there is something new: what was opened stays open. */
  const update = async (next, again = false) => {
    now = next;
    const mine = ++turn;
    const of = next.query.get("of") ?? "";
    const where = next.query.get("where");
    try {
      const found = await context.net.json("diff", of || where === null ? { of: of || "," } : { where: where || " " });
      if (mine !== turn || (again && JSON.stringify(found) === known)) return;
      known = JSON.stringify(found);
      plot?.leave();
      plot = found.metrics.length ? await overlay() : null;
      if (mine !== turn) return plot?.leave();
      const metric = found.metrics.includes(next.query.get("metric")) ? next.query.get("metric") : found.metrics[0];
      fill(place, heading(found, context), found.diff ? two(found, context, plot, metric) : many(found, context, plot, metric));
      discuss(found.total > found.trials.length ? [] : found.trials.map(({ id }) => id));
      if (plot) {
        const table = await context.net.arrow("curves", { of: ids(found).join(","), metric });
        if (mine === turn) plot.set(curvesOf(table, context).curves, { metric, x: "step", logX: false, logY: false });
      }
    } catch (error) {
      if (mine === turn) fill(place, h("h1", {}, "Diff"), problem(error));
    }
  };
  await update(route);
  const stop = context.live(() => update(now, true));
  return {
    update,
    leave() {
      turn++;
      stop();
      plot?.leave();
      said?.leave();
    },
  };
}

const ids = (found) => found.trials.map(({ id }) => typed(id));
const called = ({ id, name }) => (name === null ? short(id) : `${name} (${short(id)})`);

function heading(found, context) {
  return [
    h("h1", {}, "Diff"),
    h("p", { class: "facts" }, found.trials.map((each, place) => [place ? " · " : "", h("a", { href: context.link("trial", each.id) }, called(each)), " ", tone(each.status)])),
    found.total > found.trials.length ? h("p", { class: "faint" }, `the first ${found.trials.length} of ${found.total}`) : null,
  ];
}

function two(found, context, plot, metric) {
  const { diff } = found;
  return [
    h("p", {}, h("strong", { class: diff.same ? "good" : "warn" }, diff.same ? "the same" : "not the same"), `: ${diff.summary}`),
    h("p", {}, "On the command line: ", copyable(`ledger diff ${ids(found).join(" ")}`, context.announce)),
    diff.problems.length ? h("p", { class: "bad" }, diff.problems.map((each) => `${each.part}: ${each.reason}; `)) : null,
    Object.entries(PARTS).map(([name, title]) => [
      h("h2", {}, title),
      differences(diff.sections[name] ?? [], found.trials.map(called)),
      name === "code" ? code(found) : null,
      name === "metrics" ? curves(found, context, plot, metric) : null,
      name === "outputs" ? outputs(found, context) : null,
    ]),
  ];
}

function curves(found, context, plot, metric) {
  if (!plot) return null;
  const choice = h("select", { onchange: () => context.go({ metric: choice.value }) }, found.metrics.map((name) => h("option", { value: name }, name)));
  choice.value = metric;
  return [
    h("div", { class: "controls" }, h("label", {}, "Curve", choice),
      h("a", { href: context.link("curves", "", { of: ids(found).join(","), metric }) }, "smooth, log axes, time")),
    plot.element,
  ];
}

function outputs(found, context) {
  const [a, b] = found.trials;
  return [
    found.outputs.map((each) => {
      const body = h("div", { class: "sides" });
      const element = h("details", { class: "pair" },
        h("summary", {}, h("code", {}, each.path), " ", h("span", { class: each.same ? "good" : "warn" }, each.same ? "the same" : each.a && each.b ? "not the same" : each.a ? "only the first has it" : "only the second has it")),
        body);
      element.addEventListener("toggle", async () => {
        if (!element.open || body.childNodes.length) return;
        fill(body, await Promise.all([[a, each.a], [b, each.b]].map(async ([trial, file]) => h("section", { "aria-label": called(trial) },
          h("p", { class: "faint" }, `${called(trial)}${file ? `, ${size(file.size)}` : ""}`),
          file ? await preview(file, context) : h("p", { class: "faint" }, "not written")))));
      });
      return element;
    }),
    found.more_outputs ? h("p", { class: "faint" }, `and ${count(found.more_outputs, "file")} more`) : null,
  ];
}

function many(found, context, plot, metric) {
  const parts = Object.entries(PARTS).filter(([name]) => found.rows.some((row) => row.section === name));
  return [
    h("p", { class: "faint" }, "Only what some trial has otherwise than the first; such values are marked ≠."),
    found.problems.length ? h("p", { class: "bad" }, found.problems.map((each) => `${each.part}: ${each.reason}; `)) : null,
    h("div", { class: "wide", tabindex: "0" }, h("table", { class: "plain" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "what"), found.trials.map((each) => h("th", { scope: "col" }, h("a", { href: context.link("trial", each.id) }, called(each)))))),
      parts.map(([name, title]) => h("tbody", {},
        h("tr", {}, h("th", { scope: "rowgroup", colspan: String(found.trials.length + 1) }, title)),
        found.rows.filter((row) => row.section === name).map((row) => h("tr", {},
          h("th", { scope: "row" }, row.path),
          row.cells.map((cell, place) => h("td", { class: row.others.includes(place) ? "other" : null }, row.others.includes(place) ? "≠ " : "", value(cell))))))))),
    parts.length ? null : h("p", {}, "They have all that is compared in common."),
    h("h2", {}, "Curves"),
    curves(found, context, plot, metric) ?? h("p", { class: "faint" }, "none of them has a curve"),
  ];
}

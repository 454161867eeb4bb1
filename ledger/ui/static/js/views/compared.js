// Two or more experiments: whether one is better than another, and what else is not the same.

import { alone, brief, detail, distributions, pairs } from "../parts/comparison.js";
import { copyable } from "../parts/copy.js";
import { PARTS, code, differences } from "../parts/differences.js";
import { fill, h, problem } from "../parts/dom.js";
import { choice } from "../parts/listing.js";
import { notes } from "../parts/notes.js";
import { count, quoted, text } from "../parts/words.js";

const DRAWN = 12; // metrics of which the distributions are drawn at once
const SLOW = 3000; // ms: what takes longer is not asked again by itself whenever the ledger moves
const COST = ["duration_s", "peak_memory"];

/** Shows what the address names: `experiments`, a JSON array, with `metric`, `direction` and `ignore`. */
export async function compared(root, route, context) {
  const place = h("div", {});
  const below = h("div", {});
  let took = 0;
  let now = route;
  let turn = 0;
  let known = null;
  let plots = [];
  let said = null;
  let about = null;
  fill(root, place, below);
  const drop = () => {
    for (const each of plots) each.leave();
    plots = [];
  };
  /** Notes on just these experiments; a form that is being filled in stays. */
  const discuss = (names) => {
    const key = JSON.stringify(names);
    if (key === about) return;
    about = key;
    said?.leave();
    said = names ? notes(below, context, { experiments: names }) : null;
    if (!said) fill(below);
  };
  const update = async (next, again = false) => {
    now = next;
    const mine = ++turn;
    const { query } = next;
    const began = performance.now();
    place.querySelector(".older")?.remove();
    try {
      const found = await context.net.json("compared", Object.fromEntries(["experiments", "metric", "direction", "ignore"].map((key) => [key, query.get(key)])));
      took = performance.now() - began;
      const told = JSON.stringify(found);
      if (mine !== turn || (again && told === known)) return;
      known = told;
      drop();
      const focused = place.contains(document.activeElement) ? titleOf(document.activeElement) : null;
      fill(place, heading(found, context), found.table ? many(found, (made) => plots.push(made)) : two(found, context, (made) => plots.push(made)));
      if (focused) [...place.querySelectorAll("select")].find((each) => titleOf(each) === focused)?.focus();
      discuss(found.names);
    } catch (error) {
      if (mine !== turn) return;
      drop();
      known = null;
      fill(place, h("h1", {}, "Diff of experiments"), problem(error));
    }
  };
  fill(place, h("h1", {}, "Diff of experiments"), h("p", { class: "faint", role: "status" }, "The trials are read …"));
  await update(route);
  let busy = false;
  const stop = context.live(async () => {
    if (busy) return;
    if (took > SLOW) {
      place.querySelector(".older")?.remove();
      place.prepend(h("p", { class: "older", role: "status" }, "The ledger has moved since. ", h("button", { type: "button", onclick: () => update(now, true) }, "Compare again")));
      return;
    }
    busy = true;
    await update(now, true);
    busy = false;
  });
  return {
    update,
    leave() {
      turn++;
      stop();
      drop();
      said?.leave();
    },
  };
}

/** The words in front of a control. */
const titleOf = (control) => control.closest("label")?.firstChild?.textContent ?? null;

function heading(found, context) {
  const { metric = "", direction = "minimize" } = found.objective ?? {};
  const options = found.metrics.includes(metric) || !metric ? found.metrics : [metric, ...found.metrics];
  return [
    h("h1", {}, "Diff of experiments"),
    h("p", { class: "facts" }, found.names.map((name, place) => [place ? " · " : "", h("a", { href: context.link("experiment", name, metric ? { metric, direction } : {}) }, name)])),
    h("div", { class: "controls" },
      choice("Metric", [["", "by default"], ...options.map((each) => [each, each])], metric, (value) => context.go({ metric: value, direction: null })),
      metric ? choice("Direction", [["minimize", "minimize"], ["maximize", "maximize"]], direction, (value) => context.go({ metric, direction: value })) : null),
    h("p", {}, "On the command line: ", copyable(command(found), context.announce)),
  ];
}

function command({ names, objective }) {
  const by = objective ? ` --${objective.direction ?? "minimize"} ${quoted(objective.metric)}` : "";
  return `ledger diff ${names.map(quoted).join(" ")}${by}`;
}

function two(found, context, keep) {
  const { diff } = found;
  const { comparison } = diff;
  const [a, b] = found.names;
  const { quality, cost } = comparison;
  const labelled = (each) => [{ label: a, ...each.a }, { label: b, ...each.b }];
  const linked = (metric) => h("a", { href: context.link("diff", "", { experiments: JSON.stringify(found.names), metric }) }, metric);
  const one = quality.length === 1;
  return [
    one ? quality.map((each) => h("p", {}, h("strong", { class: each.better === null ? "" : each.better ? "good" : "warn" }, each.sentence))) : null,
    comparison.trade ? h("p", {}, comparison.trade) : null,
    h("h2", {}, "Pairing"),
    pairing(comparison, [a, b]),
    h("h2", {}, one ? `${quality[0].metric}${{ minimize: ", less is better", maximize: ", more is better" }[quality[0].direction] ?? ""}` : "Metrics compared"),
    quality.length ? null : h("p", { class: "faint" }, "No metric has a finite value on both sides."),
    one ? [alone(quality[0].metric, labelled(quality[0])), detail(quality[0], b)] : null,
    quality.length > 1 ? [brief(quality, [a, b], linked, "Metrics compared"), h("p", { class: "faint" }, "Each by itself: of 20 that are the same, one looks different. Choose one metric to be told more.")] : null,
    h("div", { class: "plots" }, quality.slice(0, DRAWN).map((each) => distributions(each.metric, labelled(each), keep))),
    cost.length ? [h("h2", {}, "Cost"), brief(cost, [a, b], (metric) => metric, "Cost")] : null,
    diff.problems.length ? h("p", { class: "bad" }, diff.problems.map((each) => `${each.part}: ${each.reason}; `)) : null,
    Object.entries(PARTS).map(([name, title]) => [
      h("h2", {}, name === "metrics" ? "Metrics of each configuration" : title),
      differences(diff.sections[name] ?? [], [a, b]),
      found.more_differences[name] ? h("p", { class: "faint" }, `and ${count(found.more_differences[name], "difference")} more`) : null,
      name === "code" ? code(found) : null,
    ]),
  ];
}

function pairing(found, [a, b]) {
  const { paired, ...only } = found.configurations;
  const others = found.others.some(Boolean) ? ` ${count(found.others[0], "trial")} of ${a}, ${found.others[1]} of ${b} did not end well.` : "";
  return [
    h("p", {}, `${count(paired, "configuration")} on both sides, ${only.a.toLocaleString("en")} only in ${a}, ${only.b.toLocaleString("en")} only in ${b}.${others}`),
    found.about.length ? h("p", {}, `About: ${found.about.map((each) => `${each.name} ${text(each.a)} → ${text(each.b)}`).join(", ")}.`) : null,
    found.ignored.length ? h("p", { class: "faint" }, `Left out: ${found.ignored.join(", ")}.`) : null,
    found.shared ? h("p", { class: "warn" }, `${count(found.shared, "trial")} in both, which make the sides look more alike than they are.`) : null,
    paired ? null : h("p", { class: "faint" }, "Compared are all trials of the one with all of the other, whatever their configurations (an unpaired test)."),
    found.hindering.length ? h("p", { class: "faint" }, `No value of ${found.hindering.slice(0, 8).join(", ")} is on both sides.`) : null,
  ];
}

function many(found, keep) {
  const { table } = found;
  const metrics = [...new Set(table.sides.flatMap((side) => Object.keys(side.metrics)))];
  const wanted = found.objective?.metric ?? null;
  let drawn = 0;
  const one = (metric) => {
    const sides = table.sides.filter((side) => Object.hasOwn(side.metrics, metric)).map((side) => ({ ...side, ...side.metrics[metric] }));
    const fronted = metric === wanted;
    return [
      h("h2", {}, metric),
      alone(metric, sides, ["configurations", ...(fronted ? ["front of quality and duration"] : [])], (side) => [side.configurations, ...(fronted ? [side.on_front ? "on the front" : ""] : [])]),
      !COST.includes(metric) && drawn++ < DRAWN ? distributions(metric, sides, keep) : null,
    ];
  };
  return [
    h("p", {}, h("strong", {}, table.summary)),
    wanted ? null : h("p", { class: "faint" }, "Of one metric more can be said: choose it above."),
    metrics.map(one),
    h("h2", {}, wanted ? `Each two, by ${wanted}` : "Each two"),
    pairs(table.pairs.filter((each) => !wanted || each.comparison.metric === wanted), "Each two"),
  ];
}

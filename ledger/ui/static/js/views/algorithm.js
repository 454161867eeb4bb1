// One value of a grouping key, such as an algorithm: its trials, its best by experiment, and the other values.

import { fill, h, problem } from "../parts/dom.js";
import { choice, linked, listing } from "../parts/listing.js";
import { plot } from "../parts/plot.js";
import { around, choices } from "../parts/scale.js";
import { count, number } from "../parts/words.js";

export async function show(root, route, context) {
  let now = route;
  let plots = [];
  let turn = 0;
  const drop = () => {
    for (const each of plots) each.leave();
    plots = [];
  };
  const update = async (next) => {
    now = next;
    const mine = ++turn;
    try {
      const found = await context.net.json("algorithm", Object.fromEntries(next.query));
      if (mine !== turn) return;
      drop();
      fill(root, page(found, next, context, (made) => plots.push(made)));
    } catch (error) {
      if (mine !== turn) return;
      drop();
      fill(root, h("h1", {}, "Algorithm"), problem(error));
    }
  };
  await update(route);
  const stop = context.live(() => update(now));
  return {
    update,
    leave() {
      turn++;
      stop();
      drop();
    },
  };
}

function page(found, route, context, keep) {
  const metric = found.objective?.metric ?? "";
  const experiment = route.query.get("experiment") ?? "";
  const others = found.others.map((each) => [each.value, `${each.value} (${each.count})`]);
  const keys = [...new Set([found.by, ...found.keys])].map((each) => [each, each]);
  const link = (value) => context.link("algorithm", "", { ...Object.fromEntries(route.query), by: found.by, is: value });
  return [
    h("h1", {}, `${found.by} = ${found.is}`),
    h("p", { class: "facts" }, found.role ? `role ${found.role} · ` : null, `${count(found.count, "trial")} that ended well`,
      experiment ? ` in experiment ${experiment}` : ` in ${count(found.experiments.length, "experiment")}`, " · ",
      h("a", { href: context.link("trials", "", { where: found.where + (experiment ? ` and experiment = "${experiment.replaceAll('"', '""')}"` : "") }) }, "in the table")),
    h("div", { class: "controls" },
      choice("Key", keys, found.by, (value) => context.go({ by: value, is: null })),
      choice("Value", others, found.is, (value) => context.go({ by: found.by, is: value })),
      choice("Experiment", [["", "all"], ...[...new Set([...found.experiments.map((each) => each.name), experiment])].filter(Boolean).map((each) => [each, each])], experiment, (value) => context.go({ experiment: value })),
      choice("Metric", [...(metric ? [] : [["", "choose one"]]), ...found.metrics.map((each) => [each, each])], metric, (value) => context.go({ metric: value })),
      choice("Direction", [["minimize", "minimize"], ["maximize", "maximize"]], found.objective?.direction ?? "minimize", (value) => context.go({ metric, direction: value }))),
    h("h2", {}, "By experiment"),
    listing(["experiment", "trials", metric ? `best ${metric}` : "best", "trial"], found.experiments.map((each) => [
      each.name === null ? "(none)" : h("a", { href: context.link("experiment", each.name, metric ? { metric, direction: found.objective.direction } : {}) }, each.name),
      each.count.toLocaleString("en"), each.best === null ? "" : number(each.best), each.trial ? linked(context, each.trial) : ""]), "By experiment"),
    h("h2", {}, "Against the other values"),
    metric ? groups(found, metric, link, keep) : h("p", { class: "faint" }, "Choose a metric above."),
    experiment ? null : h("p", { class: "faint" }, "Trials of different experiments may differ in more than this: choose one experiment to compare within it."),
  ];
}

function groups(found, metric, link, keep) {
  const told = found.groups;
  if (!told.length) return h("p", { class: "faint" }, `No trial has a value of ${metric}.`);
  const points = told.flatMap((each, place) => each.values.map((value) => ({ value, place })));
  const x = around(points.map((each) => each.value));
  const y = choices(told.map((each) => each.label).reverse());
  const row = (place) => y.share(told.length - 1 - place);
  const end = (value, other) => (Number.isFinite(value) ? x.share(value) : other);
  const made = plot({
    title: `${metric} by ${found.by}: trials, and the mean with its 95 % interval`,
    height: 60 + 30 * told.length, left: 110,
    x: { scale: x, label: metric }, y: { scale: y, label: found.by },
    points: { x: Float64Array.from(points, (each) => x.share(each.value)), y: Float64Array.from(points, (each) => row(each.place)), strong: (at) => told[points[at].place].label === found.is },
    spans: told.map((each, place) => ({ y: row(place), low: end(each.spread.interval.low, 0), at: x.share(each.spread.mean), high: end(each.spread.interval.high, 1) })),
    words: (at) => `${told[points[at].place].label}: ${number(points[at].value)}`,
    open: (at) => (location.hash = link(told[points[at].place].label)),
  });
  keep(made);
  const interval = (each) => `${number(each.low)} to ${number(each.high)}`;
  return [
    made.element,
    listing([found.by, "trials", "mean", "95 %", "median", "interquartile mean", "95 %", "least", "most"], told.map(({ label, spread, iqm_interval: iqm }) => [
      label === found.is ? h("strong", {}, label) : h("a", { href: link(label) }, label),
      spread.count.toLocaleString("en"), number(spread.mean), interval(spread.interval), number(spread.median), number(spread.iqm), interval(iqm), number(spread.least), number(spread.most)]), "Groups"),
    h("p", { class: "faint" }, "As ledger robustness --group tells it; settings that were tried more often weigh more."),
  ];
}

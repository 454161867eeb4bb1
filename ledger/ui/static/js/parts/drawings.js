// What the drawings of an experiment show: each asks the server for its numbers, and makes plots of them.

import { idOf } from "./columns.js";
import { h } from "./dom.js";
import { choice, linked, listing } from "./listing.js";
import { plot } from "./plot.js";
import { around, asLog, choices, numbers, placed, spansDecades } from "./scale.js";
import { number, short, text } from "./words.js";

const MOST_LINES = 200; // of a table beside a drawing
const MOST_SLICES = 24;

const shares = (values, scale) => Float64Array.from(values, scale.share);
const none = (words) => ({ plots: [], nodes: h("p", { class: "faint" }, words) });
const cut = (lines, all) => (all > lines ? h("p", { class: "faint" }, `and ${(all - lines).toLocaleString("en")} more: the table of trials has them`) : null);
const NO_METRIC = "Choose a metric above.";

/** The switch of a metric's scale, which the address keeps; none where its values lie close together. */
function scaleOf(context, route, metric, values) {
  const said = route.query.get("scale");
  if (asLog(said) === null && !spansDecades(values)) return null;
  const options = [["", "as the values suggest"], ["log", "logarithmic"], ["linear", "linear"]];
  return h("div", { class: "controls" }, choice(`Scale of ${metric}`, options, asLog(said) === null ? "" : said, (value) => context.go({ scale: value })));
}

/** How many values a logarithmic axis has no place for. */
function unplaced(scale, values) {
  const lost = scale.log ? values.reduce((sum, value) => sum + (value <= 0 ? 1 : 0), 0) : 0;
  return lost ? h("p", { class: "faint" }, `${lost.toLocaleString("en")} of 0 or less have no place on a logarithmic scale.`) : null;
}

const labelled = (name, scale) => name + (scale.log ? ", logarithmic" : "");

/** Values in the order in which trials began, and the best until then. */
export async function history({ context, question, open, route }) {
  if (!question.metric) return none(NO_METRIC);
  const table = await context.net.arrow("progress", question);
  const [values, best] = ["value", "best"].map((name) => table.getChild(name).toArray());
  if (!values.length) return none(`No trial ended well with a value of ${question.metric}.`);
  const x = numbers(1, Math.max(2, values.length), false);
  const y = around(values, { log: asLog(route.query.get("scale")) });
  const better = [...best.keys()].filter((at) => at === 0 || best[at] !== best[at - 1]);
  // What has no place on a logarithmic axis is drawn at its end.
  const height = (value) => (Number.isNaN(y.share(value)) ? 0 : y.share(value));
  const line = better.map((at) => ({ x: x.share(at + 1), y: height(best[at]) }));
  line.push({ x: x.share(values.length), y: height(best[best.length - 1]) });
  const made = plot({
    title: `${question.metric} of ${values.length.toLocaleString("en")} trials, and the best so far`,
    x: { scale: x, label: `trials that ended well, in the order in which they began` },
    y: { scale: y, label: labelled(question.metric, y) },
    points: { x: Float64Array.from(values, (_, at) => x.share(at + 1)), y: shares(values, y) },
    line,
    words: (at) => `${at + 1}: ${question.metric} ${number(values[at])}, trial ${short(idOf(table, at))}`,
    open: open(table),
    table: () => [listing(["number", "better than all before", "trial"], better.slice(-MOST_LINES).reverse().map((at) => [at + 1, number(best[at]), linked(context, idOf(table, at))]), "History of the best"), cut(MOST_LINES, better.length)],
  });
  return { plots: [made], nodes: [scaleOf(context, route, question.metric, values), made.element, unplaced(y, values), h("p", { class: "faint" }, `A new best ${better.length} times.`)] };
}

/** Which hyperparameters matter. */
export async function importance({ context, question }) {
  if (!question.metric) return none(NO_METRIC);
  const found = await context.net.json("importance", question);
  if (found.problem) return { ...none(`It cannot be told: ${found.problem}.`), retry: true };
  const told = found.importance.shares;
  const [x, y] = [numbers(0, 1, false), choices(told.map((each) => each.names.join(", ")).reverse())];
  const row = (at) => y.share(told.length - 1 - at);
  const percent = (share) => (typeof share === "number" ? `${(100 * share).toFixed(1)} %` : String(share));
  const line = (each) => `${percent(each.share)} (95 %: ${percent(each.interval[0])} to ${percent(each.interval[1])})`;
  const liked = (each) => (!each.favoured ? "" : each.favoured.range ? `${number(each.favoured.range[0])} to ${number(each.favoured.range[1])}` : text(each.favoured.choice));
  const made = plot({
    title: `What ${question.metric} depends on`,
    height: Math.max(110, 60 + 26 * told.length), left: 120,
    x: { scale: x, label: "share of what tells the best trials from the others" }, y: { scale: y, label: "hyperparameter" },
    points: { x: Float64Array.from(told, (each) => x.share(each.share)), y: Float64Array.from(told, (_, at) => row(at)) },
    spans: told.map((each, at) => ({ y: row(at), low: x.share(each.interval[0]), at: x.share(each.share), high: x.share(each.interval[1]) })),
    words: (at) => `${told[at].names.join(", ")}: ${line(told[at])}`,
    open: () => {},
  });
  return {
    plots: [made],
    nodes: [made.element,
      listing(["hyperparameter", "share", "the best trials have"], told.map((each) => [each.names.join(", "), line(each), liked(each)]), "Importance"),
      h("p", { class: "faint" }, `By ${found.method}, of ${found.trials.toLocaleString("en")} trials, ${found.importance.best} of which count as the best`,
        found.fixed.length ? `; not varied: ${found.fixed.join(", ")}` : "", ".")],
  };
}

/** Values of the best configurations with several seeds. */
export async function seeds({ context, question }) {
  if (!question.metric) return none(NO_METRIC);
  const { configurations } = await context.net.json("seeded", question);
  if (!configurations.length) return none("Each configuration was tried with one seed: nothing can be said of how much luck there is. ledger seeds REF tries some more.");
  const points = configurations.flatMap((each, place) => each.values.map((value) => ({ ...value, place })));
  const ends = configurations.flatMap((each) => [each.mean, ...each.interval]).filter(Number.isFinite);
  const x = around([...points.map((each) => each.value), ...ends], { log: false });
  const y = choices(configurations.map((_, place) => place + 1).reverse());
  const row = (place) => y.share(configurations.length - 1 - place);
  const said = (each) => `${number(each.mean)} (95 %: ${number(each.interval[0])} to ${number(each.interval[1])})`;
  const clipped = (value, other) => (Number.isFinite(value) ? x.share(value) : other);
  const made = plot({
    title: `${question.metric} by configuration, the best first: each trial, and the estimated mean with its interval`,
    height: 60 + 22 * configurations.length, left: 44,
    x: { scale: x, label: question.metric }, y: { scale: y, label: "rank" },
    points: { x: shares(points.map((each) => each.value), x), y: Float64Array.from(points, (each) => row(each.place)) },
    spans: configurations.map((each, place) => ({ y: row(place), low: clipped(each.interval[0], 0), at: x.share(each.mean), high: clipped(each.interval[1], 1) })),
    words: (at) => `${points[at].place + 1}: ${number(points[at].value)}, seed ${text(points[at].seed)}; ${configurations[points[at].place].label}`,
    open: (at) => (location.hash = context.link("trial", points[at].trial)),
    table: () => listing(["rank", "configuration", "estimated mean", "values by seed"], configurations.map((each, place) => [
      place + 1, linked(context, each.trial, each.label || short(each.trial)), said(each),
      each.values.flatMap((value) => [linked(context, value.trial, number(value.value)), " "])]), "Seeds"),
  });
  return { plots: [made], nodes: made.element };
}

/** Two metrics, and the trials that none is better than in both. */
export async function pareto({ context, question, found, route }) {
  const { metric } = question;
  if (!metric) return none(NO_METRIC);
  const others = found.metrics.map((each) => each.name).filter((name) => name !== metric);
  if (!others.length) return none("There is no second metric.");
  const known = found.objectives.map((each) => each.metric);
  const own = route.query.get("x_metric") ?? known.find((name) => name !== metric && others.includes(name)) ?? (others.includes("duration_s") ? "duration_s" : others[0]);
  const turn = route.query.get("x_direction") ?? found.objectives.find((each) => each.metric === own)?.direction ?? "minimize";
  const controls = h("div", { class: "controls" },
    choice("Against", others.map((name) => [name, name]), own, (value) => context.go({ x_metric: value, x_direction: null })),
    choice("which to", [["minimize", "minimize"], ["maximize", "maximize"]], turn, (value) => context.go({ x_metric: own, x_direction: value })));
  const table = await context.net.arrow("pareto", { ...question, x_metric: own, x_direction: turn });
  const [xs, ys, front] = ["x", "y", "front"].map((name) => table.getChild(name).toArray());
  if (!xs.length) return { plots: [], nodes: [controls, h("p", { class: "faint" }, "No trial has both.")] };
  const [x, y] = [around(xs), around(ys)];
  const members = [...front.keys()].filter((at) => front[at]).sort((a, b) => xs[a] - xs[b]);
  const made = plot({
    title: `${metric} against ${own}: ${members.length} of ${xs.length.toLocaleString("en")} trials that none is better than in both`,
    x: { scale: x, label: own }, y: { scale: y, label: metric },
    points: { x: shares(xs, x), y: shares(ys, y), strong: (at) => front[at] === 1 },
    line: members.map((at) => ({ x: x.share(xs[at]), y: y.share(ys[at]) })),
    words: (at) => `${own} ${number(xs[at])}, ${metric} ${number(ys[at])}, trial ${short(idOf(table, at))}`,
    open: (at) => (location.hash = context.link("trial", idOf(table, at))),
    table: () => [listing([own, metric, "trial"], members.slice(0, MOST_LINES).map((at) => [number(xs[at]), number(ys[at]), linked(context, idOf(table, at))]), "Pareto front"), cut(MOST_LINES, members.length)],
  });
  return { plots: [made], nodes: [controls, made.element] };
}

/** The metric against each hyperparameter alone. */
export async function slices({ question, axes, table, context, route }) {
  const metric = axes.find((axis) => axis.isMetric);
  if (!question.metric || !metric) return none(question.metric ? `No trial has a value of ${question.metric}.` : NO_METRIC);
  const brushed = new Uint8Array(table.all.length);
  for (const row of table.rows) brushed[row] = 1;
  const status = table.columns.get("status");
  const y = metric.scale.kind === "number" ? placed(table.columns.get(metric.column), table.all.length, { scale: route.query.get("scale") }) : metric;
  const rows = table.all.filter((row) => y.shares[row] === y.shares[row] && status.read(row) === "ok");
  const read = table.columns.get(metric.column).read;
  const plots = axes.filter((axis) => !axis.isMetric).slice(0, MOST_SLICES).map((axis) => {
    const own = table.columns.get(axis.column).read;
    const having = rows.filter((row) => axis.shares[row] === axis.shares[row]);
    const lines = having.filter((row) => brushed[row]);
    return plot({
      title: `${question.metric} against ${axis.name}${having.length < rows.length ? ` (${(rows.length - having.length).toLocaleString("en")} trials have none)` : ""}`,
      x: { scale: axis.scale, label: labelled(axis.name, axis.scale) }, y: { scale: y.scale, label: labelled(question.metric, y.scale) },
      points: { x: Float64Array.from(having, (row) => axis.shares[row]), y: Float64Array.from(having, (row) => y.shares[row]), strong: (at) => brushed[having[at]] === 1 },
      words: (at) => `${axis.name} ${text(own(having[at]))}, ${question.metric} ${text(read(having[at]))}, trial ${short(idOf(table.data, having[at]))}`,
      open: (at) => (location.hash = context.link("trial", idOf(table.data, having[at]))),
      table: () => [listing([axis.name, question.metric, "trial"], [...lines.slice(0, MOST_LINES)].map((row) => [text(own(row)), text(read(row)), linked(context, idOf(table.data, row))]), `${question.metric} against ${axis.name}`), cut(MOST_LINES, lines.length)],
    });
  });
  const values = metric.scale.kind === "number" ? table.columns.get(metric.column).ranks() : [];
  return plots.length ? { plots, nodes: [scaleOf(context, route, question.metric, values), h("div", { class: "plots" }, plots.map((each) => each.element)), unplaced(y.scale, values)] } : none("Trials differ in no hyperparameter.");
}

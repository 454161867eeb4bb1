// How a metric of two or more sides compares: numbers with their intervals, in the words of the commands.

import { h } from "./dom.js";
import { listing } from "./listing.js";
import { plot } from "./plot.js";
import { around, choices } from "./scale.js";
import { count, duration, number, size } from "./words.js";

const SPREAD = { duration_s: duration, peak_memory: size };
const FEW = 4; // digits of what is uncertain

/** A value of a metric; seconds and bytes with their units. */
export function amount(metric, value) {
  if (typeof value !== "number" || !Number.isFinite(value)) return String(value);
  const form = SPREAD[metric];
  if (form) return (value < 0 ? "−" : "") + form(metric === "peak_memory" ? Math.round(Math.abs(value)) : Math.abs(value));
  return number(+value.toPrecision(FEW));
}

/** Both ends of an interval. */
export function ends(metric, { low, high }) {
  if (low === "-Infinity" && high === "Infinity") return "unknown";
  return `${amount(metric, low)} to ${amount(metric, high)}`;
}

const probability = (value) => (typeof value === "number" ? String(+value.toPrecision(3)) : String(value));

/** Distributions of one metric side by side: values, and each mean with its interval. */
export function distributions(metric, sides, keep) {
  const points = sides.flatMap((side, place) => side.values.map((value) => ({ value, place })));
  if (!points.length) return null;
  const known = sides.flatMap((side) => [side.mean, side.interval.low, side.interval.high]).filter(Number.isFinite);
  const x = around([...points.map((each) => each.value), ...known]);
  const y = choices(sides.map((side) => side.label).reverse());
  const row = (place) => y.share(sides.length - 1 - place);
  const end = (value, other) => (Number.isFinite(value) ? x.share(value) : other);
  const made = plot({
    title: `${metric}: trials, and the mean with its 95 % interval`,
    height: 60 + 34 * sides.length, left: 110,
    x: { scale: x, label: metric + (x.log ? ", logarithmic" : "") }, y: { scale: y, label: "experiment" },
    points: { x: Float64Array.from(points, (each) => x.share(each.value)), y: Float64Array.from(points, (each) => row(each.place)) },
    spans: sides.map((side, place) => ({ y: row(place), low: end(side.interval.low, 0), at: x.share(side.mean), high: end(side.interval.high, 1) })),
    words: (at) => `${sides[points[at].place].label}: ${number(points[at].value)}`,
    open: () => {},
  });
  keep(made);
  return made.element;
}

/** Each side alone. @param {(side: any) => any[]} [more] further cells, under the titles `titles` */
export function alone(metric, sides, titles = [], more = () => []) {
  const cost = Object.hasOwn(SPREAD, metric);
  return listing(["", "n", "mean", "95 %", ...(cost ? [] : ["interquartile mean", "95 %"]), ...titles], sides.map((side) => [
    side.label, side.n.toLocaleString("en"), amount(metric, side.mean), ends(metric, side.interval),
    ...(cost ? [] : [amount(metric, side.iqm), ends(metric, side.iqm_interval)]), ...more(side)]), metric);
}

/** All that is told of one metric of two sides. */
export function detail(each, b) {
  const { metric, effect, tests } = each;
  return listing(["of both", "value"], [
    ["difference", `${amount(metric, each.difference)}, 95 %: ${ends(metric, each.interval)}`],
    ["by", `${each.interval.method}; ${over(each)}`],
    each.coverage && ["how often such an interval holds the truth", `in ${each.coverage.map((share) => `${(100 * share).toFixed(1)} %`).filter((share, at, all) => share !== all[at - 1]).join(" to ")} of simulated samples of this size`],
    [`P(${b} ${each.direction ? "better" : "higher"})`, `${probability(each.probability)}, 95 %: ${ends(null, each.probability_interval)}`],
    effect && [effect.name, `${probability(effect.value)}, 95 %: ${ends(null, effect.interval)}; ${effect.why}`],
    ...tests.map((test) => [test.name, tested(test)]),
    each.left_out ? ["left out", `${count(each.left_out, "trial")} without a partner`] : null,
  ].filter(Boolean), `${metric} of both`);
}

/** What was compared with what. */
function over(each) {
  const sizes = `${each.a.n.toLocaleString("en")} and ${each.b.n.toLocaleString("en")} trials`;
  if (each.design === "configurations") return `differences of ${count(each.configurations, "configuration")}`;
  const what = each.design === "seeds" ? `differences of ${count(each.a.n, "pair")} of one seed` : sizes;
  return each.configurations > 1 ? `${what}, in ${each.configurations} strata` : what;
}

function tested(test) {
  return [
    `p = ${+test.p.toPrecision(2)}`,
    test.degrees === null || test.degrees === undefined ? null : `t = ${probability(test.statistic)}, ${test.degrees.toFixed(1)} degrees of freedom`,
    test.arrangements ? `${test.arrangements.toLocaleString("en")} arrangements, ${test.exact ? "all" : "drawn"}` : null,
  ].filter(Boolean).join(", ");
}

const VERDICTS = { unclear: "within the noise", unknown: "one trial each" };

/** What may be claimed, in a word or two. */
export function verdict(each, apart = true) {
  if (!apart) return h("span", { class: "faint" }, "cannot be told apart");
  if (VERDICTS[each.verdict]) return h("span", { class: "faint" }, VERDICTS[each.verdict]);
  if (each.verdict === "same" || each.better === null) return each.verdict;
  return h("span", { class: each.better ? "good" : "bad" }, `${each.verdict}: ${each.better ? "better" : "worse"}`);
}

/** A line for each metric of two sides. @param {(metric: string) => any} name of a metric in its cell */
export function brief(list, [a, b], name, label) {
  const share = list.every((each) => each.direction) ? "better" : "higher";
  return listing(["", "n", a, b, "difference, 95 %", `P(${b} ${share})`, ""], list.map((each) => [
    name(each.metric), `${each.a.n.toLocaleString("en")}, ${each.b.n.toLocaleString("en")}`,
    amount(each.metric, each.a.mean), amount(each.metric, each.b.mean),
    `${amount(each.metric, each.difference)} (${ends(each.metric, each.interval)})`, probability(each.probability), verdict(each)]), label);
}

/** A line for each two of several sides. */
export function pairs(list, label) {
  return listing(["metric", "a", "b", "pairs", "b − a, 95 %", "P(b)", "p, corrected", ""], list.map(({ a, b, comparison: each, p_corrected: p, told_apart: apart }) => [
    each.metric, a, b, each.design === "unpaired" ? "unpaired" : each.configurations,
    `${amount(each.metric, each.difference)} (${ends(each.metric, each.interval)})`, probability(each.probability),
    p === null ? "" : String(+p.toPrecision(2)), verdict(each, apart)]), label);
}

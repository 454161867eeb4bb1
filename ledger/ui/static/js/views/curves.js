// One metric of many trials, drawn over each other.

import { overlay } from "../parts/curves.js";
import { fill, h, problem } from "../parts/dom.js";
import { count, short } from "../parts/words.js";

const WAIT = 150; // ms after the last move of the slider before the curves are asked for
const SOURCE = "Exponential moving average over all points, corrected for its beginning (Kingma and Ba 2015, section 3), as in TensorBoard";

/** Curves as the server tells them, with what the list of them needs. */
export function curvesOf(table, context) {
  const about = JSON.parse(table.schema.metadata.get("about"));
  const [step, time, value] = ["step", "time", "value"].map((name) => table.getChild(name).toArray());
  const names = new Map();
  for (const { name } of about.curves) names.set(name, (names.get(name) ?? 0) + 1);
  const curves = about.curves.map(({ id, name, first, end }) => ({
    id,
    label: name === null ? short(id) : names.get(name) > 1 ? `${name} ${short(id)}` : name,
    href: context.link("trial", id, { tab: "metrics" }),
    step: step.subarray(first, end),
    time: time.subarray(first, end),
    y: value.subarray(first, end),
  }));
  return { about, curves };
}

export async function show(root, route, context) {
  const { net, go, replace } = context;
  const metric = h("select", { name: "metric", onchange: () => go({ metric: metric.value }) });
  const by = h("select", { name: "x", onchange: () => go({ x: by.value }) }, h("option", { value: "step" }, "step"), h("option", { value: "time" }, "time"));
  const smooth = h("input", { type: "range", name: "smooth", min: "0", max: "0.99", step: "0.01", "aria-describedby": "smoothing" });
  const amount = h("output", {});
  const log = Object.fromEntries(["x", "y"].map((name) => [name, h("input", { type: "checkbox", name: `log-${name}`, onchange: () => go({ log: ["x", "y"].filter((each) => log[each].checked).join(",") }) })]));
  const words = h("p", { class: "faint", role: "status" });
  const complaint = h("div", {});
  const chosen = h("p", { class: "facts" });
  const plot = await overlay();
  let asked = null;
  let found = null;
  let now = route;
  let turn = 0;
  let timer;
  smooth.addEventListener("input", () => {
    amount.textContent = Number(smooth.value).toFixed(2);
    clearTimeout(timer);
    timer = setTimeout(() => replace({ smooth: Number(smooth.value) ? smooth.value : "" }), WAIT);
  });
  fill(root,
    h("h1", {}, "Curves"),
    chosen,
    h("div", { class: "controls" },
      h("label", {}, "Metric", metric),
      h("label", {}, "Over", by),
      h("label", {}, "Smooth", smooth, amount),
      h("label", {}, log.x, "log x"),
      h("label", {}, log.y, "log y")),
    h("p", { class: "faint", id: "smoothing", hidden: true }, SOURCE),
    words, complaint, plot.element);
  const source = root.querySelector("#smoothing");

  const update = async (next, again = false) => {
    now = next;
    const { query } = next;
    const question = { of: query.get("of"), where: query.get("where"), metric: query.get("metric"), smooth: query.get("smooth") };
    question.experiment = query.get("experiment");
    if (question.of === null && question.where === null) question.where = " ";
    const key = JSON.stringify(question);
    const mine = ++turn;
    try {
      if (again || key !== asked) {
        const table = await net.arrow("curves", question);
        if (mine !== turn) return;
        performance.mark("curves read");
        found = curvesOf(table, context);
        asked = key;
      }
      fill(complaint);
    } catch (error) {
      if (mine === turn) fill(complaint, problem(error));
      return;
    }
    const { about, curves } = found;
    fill(metric, [...new Set([...about.metrics, about.metric])].filter(Boolean).map((name) => h("option", { value: name }, name)));
    metric.value = about.metric;
    by.value = query.get("x") === "time" ? "time" : "step";
    if (document.activeElement !== smooth) smooth.value = query.get("smooth") ?? "0";
    amount.textContent = Number(smooth.value).toFixed(2);
    source.hidden = !query.get("smooth");
    const logs = (query.get("log") ?? "").split(",");
    for (const name of ["x", "y"]) log[name].checked = logs.includes(name);
    fill(chosen, chosenBy(query, context));
    words.textContent = [
      about.metric ? `${about.metric} of ${count(curves.length, "trial")}` : "none of these trials has a curve",
      about.total > curves.length + about.without.length ? `the newest of ${about.total.toLocaleString("en")}` : null,
      about.without.length ? `${about.without.length} without it` : null,
    ].filter(Boolean).join(", ");
    plot.set(curves, { metric: about.metric, x: by.value, logX: log.x.checked, logY: log.y.checked });
    requestAnimationFrame(() => setTimeout(() => performance.mark("curves drawn")));
  };
  await update(route);
  let busy = false;
  /** One at a time: a search may move faster than its curves are read. */
  const refresh = async () => {
    if (busy) return;
    busy = true;
    await update(now, true);
    busy = false;
  };
  const stop = context.live(refresh);
  let marks = null;
  const unfollow = context.running((next) => {
    const told = JSON.stringify(next);
    const moved = marks !== null && told !== marks;
    marks = told;
    if (moved && found?.about.curves.concat(found.about.without).some((each) => each.status === "running")) refresh();
  });
  return {
    update,
    leave() {
      turn++;
      clearTimeout(timer);
      stop();
      unfollow();
      plot.leave();
    },
  };
}

/** Which trials these are, and the way to their table. @param {URLSearchParams} query */
function chosenBy(query, context) {
  if (query.get("of")) return "of chosen trials";
  const [where, experiment] = [(query.get("where") ?? "").trim(), query.get("experiment")];
  const table = experiment ? context.link("experiment", experiment, { brush: where }) : context.link("trials", "", { where });
  return [
    experiment ? ["of experiment ", h("a", { href: table }, experiment)] : ["of ", h("a", { href: table }, "trials")],
    where ? [" where ", h("code", {}, where)] : null,
  ];
}

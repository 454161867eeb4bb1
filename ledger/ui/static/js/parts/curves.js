// Many curves over each other, and a list that names them.

import { fill, h } from "./dom.js";
import { onTheme } from "./ink.js";
import { look, swatch } from "./palette.js";
import { axisInk, loadPlot } from "./uplot.js";
import { number } from "./words.js";

const MANY = 20; // curves past which each is a pixel wide: they are told apart better, and drawn in two thirds of the time
const HEIGHT = 380;
const FEW = 12; // curves up to which the list needs no search
const NEAR = 40; // pixels from the pointer to a curve that it means

/**
 * @typedef {{label: string, href: string, step: Float64Array, time: Float64Array, y: Float64Array}} Curve
 * @typedef {{metric: string, x: "step" | "time", logX: boolean, logY: boolean}} Settings
 */

/** @returns {Promise<{element: Element, set: (curves: Curve[], settings: Settings) => void, leave: () => void}>} */
export async function overlay() {
  const Plot = await loadPlot();
  const place = h("div", { class: "plot", role: "img" });
  const said = h("p", { class: "said-of faint" });
  const list = h("ul", { class: "legend", "aria-label": "Curves" });
  const field = h("input", { type: "search", placeholder: "part of a name", spellcheck: "false", autocomplete: "off", oninput: () => find() });
  const hits = h("span", { class: "faint", role: "status" });
  const search = h("div", { class: "controls" }, h("label", {}, "Find a curve", field), hits);
  const element = h("figure", { class: "overlay" }, place, said, search, list);
  const over = document.createElement("canvas");
  over.className = "highlight";
  let curves = [];
  let data = [];
  let settings = null;
  let made = null;
  let lit = -1;
  let hit = null; // places of the curves that were searched for; null where nobody searches
  let closer = null; // where somebody looks closer: [low, high] of each axis

  const size = () => ({ width: Math.max(200, place.clientWidth), height: HEIGHT });
  function draw() {
    if (!settings) return;
    made?.destroy();
    made = null;
    if (!data.some(([x]) => x.length)) return;
    const axis = axisInk();
    const linear = Plot.paths.linear();
    const facets = [{ scale: "x", auto: true, sorted: 1 }, { scale: "y", auto: true }];
    made = new Plot({
      mode: 2,
      ...size(),
      scales: { x: { time: false, distr: settings.logX ? 3 : 1 }, y: { distr: settings.logY ? 3 : 1 } },
      axes: [{ ...axis, values: ticks, label: settings.x === "time" ? "seconds since its first point" : "step", labelSize: 20 },
        { ...axis, size: 70, values: ticks }],
      legend: { show: false },
      cursor: { points: { show: false }, drag: { x: true, y: true, uni: 20 } },
      series: [null, ...data.map((_, at) => ({ ...look(at), facets, width: data.length > MANY ? 1 : 1.5, paths: linear, points: { show: false } }))],
      hooks: { setSize: [fit], setScale: [() => light(lit)], setSelect: [(plot) => plot.select.width && remember(plot)] },
    }, [null, ...data], place);
    made.over.addEventListener("dblclick", () => (closer = null));
    if (closer) for (const [scale, [min, max]] of Object.entries(closer)) made.setScale(scale, { min, max });
    made.over.append(over);
    made.over.addEventListener("mousemove", point);
    made.over.addEventListener("mouseleave", () => light(-1));
    fit();
  }

  /** New points leave it there; a double click shows all again. */
  function remember(plot) {
    const { left, width, top, height } = plot.select;
    closer = { x: [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")] };
    if (height && height < plot.over.clientHeight) closer.y = [plot.posToVal(top + height, "y"), plot.posToVal(top, "y")];
    light(-1);
  }

  function fit() {
    if (!made) return;
    const ratio = devicePixelRatio;
    over.width = made.over.clientWidth * ratio;
    over.height = made.over.clientHeight * ratio;
    light(lit);
  }

  /** Draw one curve thick above the others, which fade. */
  function light(at, words = null) {
    const changed = at !== lit;
    lit = at;
    place.classList.toggle("faded", at >= 0 || hit !== null);
    if (changed) [...list.children].forEach((each, one) => each.classList.toggle("lit", one === at));
    said.textContent = words ?? (at >= 0 ? curves[at].label : "Point at a curve, or at a name below; drag to look closer, click twice to see all.");
    const pen = over.getContext("2d");
    pen.clearRect(0, 0, over.width, over.height);
    if (!made) return;
    for (const each of hit ?? []) if (each !== at) trace(pen, each, 1.5);
    if (at >= 0) trace(pen, at, 3);
  }

  function trace(pen, at, width) {
    const ratio = devicePixelRatio;
    const { stroke, dash } = look(at);
    const [x, y] = data[at];
    pen.strokeStyle = stroke;
    pen.lineWidth = width * ratio;
    pen.lineJoin = "round"; // a spike ends where its value is
    pen.setLineDash(dash.map((each) => each * ratio));
    pen.beginPath();
    for (let place = 0; place < x.length; place++) pen.lineTo(made.valToPos(x[place], "x") * ratio, made.valToPos(y[place], "y") * ratio);
    pen.stroke();
  }

  function point(event) {
    const box = made.over.getBoundingClientRect();
    const [left, top] = [event.clientX - box.left, event.clientY - box.top];
    const wanted = made.posToVal(left, "x");
    let best = { far: NEAR, at: -1, place: 0 };
    data.forEach(([x, y], at) => {
      if (!x.length || hit?.has(at) === false) return;
      const place = nearest(x, wanted);
      const far = Math.hypot(made.valToPos(x[place], "x") - left, made.valToPos(y[place], "y") - top);
      if (far < best.far) best = { far, at, place };
    });
    if (best.at < 0) return light(-1);
    const [x, y] = data[best.at];
    light(best.at, `${curves[best.at].label}: ${number(y[best.place])} at ${settings.x === "time" ? `${number(x[best.place])} s` : `step ${number(x[best.place])}`}`);
  }

  /** Only the curves that have these words in their names are listed, and stand out. */
  function find() {
    const wanted = field.value.trim().toLowerCase();
    const found = curves.flatMap((each, at) => (each.label.toLowerCase().includes(wanted) ? [at] : []));
    hit = wanted ? new Set(found) : null;
    [...list.children].forEach((each, at) => (each.hidden = hit?.has(at) === false));
    hits.textContent = hit ? `${hit.size} of ${curves.length}` : "";
    light(-1);
  }

  function name() {
    search.hidden = curves.length <= FEW;
    if (search.hidden) field.value = "";
    const focused = [...list.children].findIndex((each) => each.contains(document.activeElement));
    fill(list, curves.map((each, at) => {
      const link = h("a", { href: each.href, title: each.label }, each.label);
      const item = h("li", {}, swatch(at), link, each.y.length ? h("span", { class: "faint" }, ` ${number(each.y[each.y.length - 1])}`) : null);
      for (const kind of ["mouseenter", "focusin"]) item.addEventListener(kind, () => light(at));
      for (const kind of ["mouseleave", "focusout"]) item.addEventListener(kind, () => light(-1));
      return item;
    }));
    find();
    list.children[focused]?.querySelector("a").focus(); // it lost the focus with the line that is gone
  }

  const observer = new ResizeObserver(() => {
    if (!made) draw();
    else if (made.width !== size().width) made.setSize(size());
  });
  observer.observe(place);
  const stop = onTheme(() => {
    draw();
    name();
  });
  return {
    element,
    set(next, asked) {
      if (settings && ["metric", "x", "logX", "logY"].some((name) => settings[name] !== asked[name])) closer = null;
      [curves, settings, lit] = [next, asked, -1];
      data = curves.map((each) => shown(each, asked));
      place.setAttribute("aria-label", `${asked.metric} of ${curves.length} trials by ${asked.x}`);
      place.classList.toggle("faded", false);
      draw();
      name();
    },
    leave() {
      observer.disconnect();
      stop();
      made?.destroy();
    },
  };
}

const ticks = (_, values) => values.map((each) => (each === null ? null : number(each)));

/** The points that can be drawn: finite, above 0 where an axis is logarithmic, x ascending. */
function shown({ step, time, y }, { x: by, logX, logY }) {
  const x = by === "time" ? time : step;
  let plain = true;
  for (let place = 0; plain && place < x.length; place++)
    plain = Number.isFinite(y[place]) && !(logX && x[place] <= 0) && !(logY && y[place] <= 0) && !(place && x[place] < x[place - 1]);
  if (plain) return [x, y];
  const kept = [];
  for (let place = 0; place < x.length; place++)
    if (Number.isFinite(y[place]) && !(logX && x[place] <= 0) && !(logY && y[place] <= 0)) kept.push(place);
  kept.sort((a, b) => x[a] - x[b]);
  return [Float64Array.from(kept, (place) => x[place]), Float64Array.from(kept, (place) => y[place])];
}

function nearest(x, wanted) {
  let [low, high] = [0, x.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low > 0 && wanted - x[low - 1] < x[low] - wanted ? low - 1 : low;
}

// One metric of one trial as a curve.

import { fill, h } from "./dom.js";
import { ink, onTheme } from "./ink.js";
import { axisInk, loadPlot } from "./uplot.js";
import { number } from "./words.js";

const HEIGHT = 200;

/**
 * @param {string} name @param {Float64Array} x @param {Float64Array} y @param {string} label of x
 * @param {(name: string, step: number) => void} [pick] told the point that is clicked
 */
export async function curve(name, x, y, label, pick) {
  const Plot = await loadPlot();
  const place = h("div", { class: "plot", title: pick ? "Click a point to write a note on it; drag to look closer" : "Drag to look closer; click twice to see all" });
  const noted = h("p", { class: "noted" });
  const figure = h("figure", { class: "curve", role: "img", "aria-label": spoken(name, y) }, h("figcaption", {}, name), place);
  const element = h("div", {}, figure, noted);
  let made = null;
  let marks = [];
  const lines = (plot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = ink("--warn");
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
    for (const { step } of marks) {
      const left = Math.round(plot.valToPos(step, "x", true));
      if (left < bbox.left || left > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(left, bbox.top);
      ctx.lineTo(left, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  };
  if (pick)
    place.addEventListener("click", () => {
      const at = made?.cursor.idx;
      if (at !== null && at !== undefined) pick(name, x[at]);
    });
  const draw = () => {
    made?.destroy();
    const axis = axisInk();
    made = new Plot(
      {
        width: Math.max(200, place.clientWidth),
        height: HEIGHT,
        scales: { x: { time: false } },
        legend: { show: true },
        cursor: { drag: { x: true, y: false } },
        hooks: { draw: [lines] },
        axes: [{ ...axis }, { ...axis, size: 64 }],
        series: [
          { label },
          { label: "value", stroke: ink("--accent"), width: 1.5, points: { show: x.length < 60 }, value: (_, v) => (v === null ? "" : number(v)) },
        ],
      },
      [x, y],
      place,
    );
  };
  const observer = new ResizeObserver(() => {
    if (!made) draw();
    else made.setSize({ width: Math.max(200, place.clientWidth), height: HEIGHT });
  });
  observer.observe(place);
  const stop = onTheme(draw);
  return {
    name,
    element,
    /** Draw a line at each step, and name it. @param {{step: number, words: string, go: () => void}[]} list */
    mark(list) {
      marks = list;
      made?.redraw(false);
      fill(noted, list.length ? "noted: " : null, list.map((each) => [h("button", { type: "button", onclick: each.go }, each.words), " "]));
    },
    /** Draw these points instead. */
    set(steps, values) {
      [x, y] = [steps, values];
      figure.setAttribute("aria-label", spoken(name, y));
      made?.setData([x, y]);
    },
    leave() {
      observer.disconnect();
      stop();
      made?.destroy();
    },
  };
}

function spoken(name, y) {
  const finite = y.filter(Number.isFinite);
  if (!finite.length) return `${name}: no finite value`;
  const low = finite.reduce((a, b) => Math.min(a, b));
  const high = finite.reduce((a, b) => Math.max(a, b));
  return `${name}: from ${number(y[0])} to ${number(y[y.length - 1])}, lowest ${number(low)}, highest ${number(high)}`;
}

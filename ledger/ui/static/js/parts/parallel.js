// Trials as lines across parallel axes; a stroke along an axis asks for a part of it.

import { rounded } from "./brush.js";
import { h } from "./dom.js";
import { fitted, ink, onTheme, shade, sharp } from "./ink.js";
import { number, text } from "./words.js";

const HEIGHT = 330;
const [TOP, BOTTOM, NONE, SIDE] = [30, 40, 22, 46]; // pixels around the axes; NONE: below them, where what has no value comes
const APART = 92; // pixels between two axes, at least
const NEAR = 26; // pixels from an axis within which a stroke is one of it
const AT_ONCE = 2500; // lines of one frame
const BUCKETS = 16;

/** @typedef {{name: string, ask: string, scale: import("./scale.js").Scale, shares: Float32Array}} Axis */

/** @param {(axis: Axis, asked: import("./brush.js").Asked | null) => void} brushed */
export function parallel(brushed) {
  const behind = h("canvas", { class: "lines" });
  const before = h("canvas", { class: "axes" });
  const stack = h("div", { class: "stack" }, behind, before);
  const element = h("div", { class: "parallel", tabindex: "0", role: "img" }, stack);
  let held = { axes: [], rows: new Uint32Array(0), all: new Uint32Array(0), shares: null, asked: {}, order: null };
  let stroke = null;
  let turn = 0;
  let width = 0;

  const x = (place) => SIDE + (held.axes.length < 2 ? (width - 2 * SIDE) / 2 : (place * (width - 2 * SIDE)) / (held.axes.length - 1));
  const bottom = HEIGHT - BOTTOM;
  const y = (share) => (share !== share ? bottom + NONE : bottom - share * (bottom - TOP));
  const share = (at) => Math.min(1, Math.max(0, (bottom - at) / (bottom - TOP)));

  function trace(pen, row) {
    for (let place = 0; place < held.axes.length; place++) {
      const at = y(held.axes[place].shares[row]);
      if (place) pen.lineTo(x(place), at);
      else pen.moveTo(x(0), at);
    }
  }

  function lines() {
    const mine = ++turn;
    const pen = sharp(behind, width, HEIGHT);
    if (held.axes.length < 2) return;
    const some = held.rows.length < held.all.length;
    const passes = [];
    if (some) passes.push([held.all, ink("--faint"), 0.07]);
    const buckets = Array.from({ length: BUCKETS + 1 }, () => []);
    for (const row of held.rows) {
      const at = held.shares ? held.shares[row] : NaN;
      buckets[at !== at ? BUCKETS : Math.min(BUCKETS - 1, Math.floor((held.turned ? 1 - at : at) * BUCKETS))].push(row);
    }
    const alpha = Math.max(0.04, Math.min(0.75, 4 / Math.sqrt(held.rows.length + 1)));
    // The best ones come last, above the others.
    passes.push([buckets[BUCKETS], ink("--faint"), alpha * 0.7]);
    for (let bucket = BUCKETS - 1; bucket >= 0; bucket--)
      passes.push([buckets[bucket], shade(bucket / (BUCKETS - 1)), bucket < 2 ? Math.min(1, alpha * 2.5) : alpha]);
    let [pass, place] = [0, 0];
    const on = () => {
      if (mine !== turn) return;
      let left = AT_ONCE;
      while (left > 0 && pass < passes.length) {
        const [rows, colour, opacity] = passes[pass];
        const end = Math.min(rows.length, place + left);
        if (end > place) {
          pen.strokeStyle = colour;
          pen.globalAlpha = opacity;
          pen.lineWidth = 1;
          // A path of its own for each few lines: one of thousands is stroked once, without any depth.
          for (let from = place; from < end; from += 40) {
            pen.beginPath();
            for (let at = from; at < Math.min(end, from + 40); at++) trace(pen, rows[at]);
            pen.stroke();
          }
        }
        left -= end - place;
        [pass, place] = end === rows.length ? [pass + 1, 0] : [pass, end];
      }
      if (pass < passes.length) requestAnimationFrame(on);
      else performance.mark("parallel");
    };
    on();
  }

  function frame() {
    const pen = sharp(before, width, HEIGHT);
    const [faint, line, words, ground, accent] = ["--faint", "--line", "--text", "--ground", "--accent"].map(ink);
    const room = held.axes.length > 1 ? x(1) - x(0) - 8 : 120;
    held.axes.forEach((axis, place) => {
      const at = x(place);
      pen.strokeStyle = faint;
      pen.lineWidth = 1;
      pen.beginPath();
      pen.moveTo(at, TOP);
      pen.lineTo(at, bottom);
      pen.stroke();
      pen.fillStyle = words;
      pen.textAlign = "center";
      pen.font = "600 12px system-ui, sans-serif";
      pen.fillText(fitted(pen, axis.name, room), at, 14);
      pen.font = "11px system-ui, sans-serif";
      pen.textAlign = "left";
      pen.lineWidth = 3;
      pen.strokeStyle = ground;
      const ticks = [...axis.scale.ticks];
      if (axis.none) ticks.push({ at: NaN, text: "none" });
      for (const tick of ticks) {
        const said = fitted(pen, tick.text, room - 10);
        pen.strokeText(said, at + 6, y(tick.at) + 4);
        pen.fillStyle = faint;
        pen.fillText(said, at + 6, y(tick.at) + 4);
        pen.fillRect(at - 3, y(tick.at), 6, 1);
      }
      const asked = stroke?.place === place ? stroke.asked : held.asked[axis.ask];
      if (asked) marked(pen, axis, asked, at, accent, line);
    });
  }

  function marked(pen, axis, asked, at, accent) {
    pen.fillStyle = accent;
    pen.strokeStyle = accent;
    pen.lineWidth = 1.5;
    const box = (from, to) => {
      pen.globalAlpha = 0.25;
      pen.fillRect(at - 8, Math.min(from, to), 16, Math.max(3, Math.abs(to - from)));
      pen.globalAlpha = 1;
      pen.strokeRect(at - 8, Math.min(from, to), 16, Math.max(3, Math.abs(to - from)));
    };
    if (asked.null) box(y(NaN) - 8, y(NaN) + 8);
    else if (asked.values)
      axis.scale.words.forEach((word, place) => {
        const said = asked.values.some((each) => text(each) === text(word));
        const half = Math.min(12, (bottom - TOP) / axis.scale.words.length / 2 - 1);
        if (said) box(y(axis.scale.share(place)) - half, y(axis.scale.share(place)) + half);
      });
    else box(y(asked.low === undefined ? 0 : axis.scale.share(asked.low)), y(asked.high === undefined ? 1 : axis.scale.share(asked.high)));
  }

  function draw() {
    width = Math.max(element.clientWidth - 2, 2 * SIDE + APART * Math.max(0, held.axes.length - 1));
    if (element.clientWidth === 0) return;
    lines();
    frame();
  }

  /** What a stroke from one height to another asks of an axis. */
  function askedBy(axis, from, to) {
    const [low, high] = [share(Math.max(from, to)), share(Math.min(from, to))];
    if (Math.min(from, to) > bottom + 6) return axis.none ? { null: true } : null;
    if (axis.scale.kind === "number") return { low: rounded(axis.scale.back(low)), high: rounded(axis.scale.back(high)) };
    const values = axis.scale.words.filter((_, place) => {
      const at = axis.scale.share(place);
      return at >= low && at <= high;
    });
    return { values: values.length ? values : [axis.scale.words[axis.scale.back((low + high) / 2)]] };
  }

  before.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch" || event.button !== 0) return; // a finger scrolls; the fields below are for it
    const place = held.axes.findIndex((_, at) => Math.abs(x(at) - event.offsetX) < NEAR);
    if (place < 0) return;
    before.setPointerCapture(event.pointerId);
    stroke = { place, from: event.offsetY, asked: held.asked[held.axes[place].ask], moved: false };
  });
  before.addEventListener("pointermove", (event) => {
    if (!stroke) return;
    stroke.moved ||= Math.abs(event.offsetY - stroke.from) > 3;
    if (stroke.moved) stroke.asked = askedBy(held.axes[stroke.place], stroke.from, event.offsetY);
    frame();
  });
  const end = () => {
    if (!stroke) return;
    const { place, from, moved, asked } = stroke;
    const axis = held.axes[place];
    stroke = null;
    if (moved) brushed(axis, asked);
    else if (held.asked[axis.ask]) brushed(axis, null);
    else if (axis.scale.kind === "choice" || from > bottom + 6) brushed(axis, askedBy(axis, from, from));
    frame();
  };
  before.addEventListener("pointerup", end);
  before.addEventListener("pointercancel", () => {
    stroke = null;
    frame();
  });

  const observer = new ResizeObserver(draw);
  observer.observe(element);
  const stop = onTheme(draw);
  return {
    element,
    /** @param {{axes: Axis[], all: Uint32Array, rows: Uint32Array, shares: Float32Array | null, turned: boolean, asked: object}} next
     *  `shares`: of the metric by which lines are coloured; `turned`: whether a large one is good. */
    set(next) {
      held = { ...next, axes: next.axes.map((axis) => ({ ...axis, none: axis.shares.some((each) => each !== each) })) };
      element.setAttribute("aria-label", `${number(held.rows.length)} of ${number(held.all.length)} trials as lines across ${held.axes.map((axis) => axis.name).join(", ")}; the table below has them, too`);
      draw();
    },
    leave() {
      turn++;
      observer.disconnect();
      stop();
    },
  };
}

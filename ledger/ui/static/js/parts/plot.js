// Points, lines and intervals in a frame; each point is a trial that a click opens. A table says the same.

import { fill, h } from "./dom.js";
import { fitted, ink, onTheme, sharp } from "./ink.js";

const HEIGHT = 230;
const [LEFT, RIGHT, TOP, BOTTOM] = [58, 12, 10, 38];
const INSET = 6; // pixels between the frame and the first value
const NEAR = 12; // pixels from the pointer within which a point is meant

/**
 * @param {object} made
 * @param {string} made.title
 * @param {{scale: import("./scale.js").Scale, label: string}} made.x
 * @param {{scale: import("./scale.js").Scale, label: string}} made.y
 * @param {{x: ArrayLike<number>, y: ArrayLike<number>, strong?: (place: number) => boolean}} made.points shares of both axes
 * @param {{x: number, y: number}[]} [made.line] shares: a line of steps
 * @param {{y: number, low: number, at: number, high: number}[]} [made.spans] an interval and a mean each, across
 * @param {(place: number) => string} made.words of a point
 * @param {(place: number) => void} made.open
 * @param {() => Node} [made.table] the same in words, made when it is opened
 * @param {number} [made.height] @param {number} [made.left] pixels of the labels at the left
 */
export function plot(made) {
  const height = made.height ?? HEIGHT;
  const left = made.left ?? LEFT;
  const canvas = h("canvas", { role: "img", "aria-label": `${made.title}; the table below says the same` });
  const told = h("p", { class: "told faint", "aria-hidden": "true" });
  const body = h("div", {});
  const details = made.table
    ? h("details", { class: "said-again", ontoggle: () => details.open && !body.childNodes.length && fill(body, made.table()) },
      h("summary", { "aria-label": `${made.title} as a table` }, "as a table"), body)
    : null;
  const place = h("div", { class: "drawing" }, canvas);
  const element = h("figure", { class: "curve" }, h("figcaption", {}, made.title), place, told, details);
  let width = 0;
  let seen = false;
  const x = (share) => left + INSET + share * (width - left - RIGHT - 2 * INSET);
  const y = (share) => height - BOTTOM - INSET - share * (height - TOP - BOTTOM - 2 * INSET);

  function draw() {
    width = Math.max(200, place.clientWidth);
    if (!seen) return;
    const pen = sharp(canvas, width, height);
    frame(pen);
    const { points } = made;
    const [accent, faint] = [ink("--accent"), ink("--faint")];
    const count = points.x.length;
    const size = count > 3000 ? 2 : count > 300 ? 3 : 5;
    for (const strong of [false, true]) {
      pen.fillStyle = strong ? accent : faint;
      pen.globalAlpha = strong ? (count > 3000 ? 0.6 : 0.85) : 0.45;
      for (let at = 0; at < count; at++) {
        if ((points.strong?.(at) ?? true) !== strong) continue;
        const [px, py] = [x(points.x[at]), y(points.y[at])];
        if (px === px && py === py) pen.fillRect(px - size / 2, py - size / 2, size, size);
      }
    }
    pen.globalAlpha = 1;
    if (made.line?.length) steps(pen);
    for (const span of made.spans ?? []) interval(pen, span);
  }

  function frame(pen) {
    const [faint, line, words] = ["--faint", "--line", "--text"].map(ink);
    pen.strokeStyle = line;
    pen.fillStyle = faint;
    pen.lineWidth = 1;
    pen.textAlign = "right";
    for (const tick of made.y.scale.ticks) {
      pen.beginPath();
      pen.moveTo(left, y(tick.at));
      pen.lineTo(width - RIGHT, y(tick.at));
      pen.stroke();
      pen.fillText(fitted(pen, tick.text, left - 10), left - 6, y(tick.at) + 4);
    }
    pen.textAlign = "center";
    let free = -Infinity;
    for (const tick of made.x.scale.ticks) {
      const half = pen.measureText(tick.text).width / 2 + 4;
      if (x(tick.at) - half < free) continue;
      free = x(tick.at) + half;
      pen.fillText(tick.text, Math.min(width - half, x(tick.at)), height - BOTTOM + 15);
      pen.fillRect(x(tick.at), height - BOTTOM, 1, 4);
    }
    pen.fillStyle = words;
    pen.fillText(fitted(pen, made.x.label, width - 8), Math.max((left + width - RIGHT) / 2, pen.measureText(fitted(pen, made.x.label, width - 8)).width / 2 + 2), height - 5);
    pen.strokeStyle = faint;
    pen.strokeRect(left, TOP, width - left - RIGHT, height - TOP - BOTTOM);
  }

  function steps(pen) {
    pen.strokeStyle = ink("--good");
    pen.lineWidth = 2;
    pen.beginPath();
    made.line.forEach((point, at) => {
      if (at) pen.lineTo(x(point.x), y(made.line[at - 1].y));
      pen[at ? "lineTo" : "moveTo"](x(point.x), y(point.y));
    });
    pen.stroke();
  }

  function interval(pen, span) {
    pen.strokeStyle = pen.fillStyle = ink("--text");
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.moveTo(x(span.low), y(span.y));
    pen.lineTo(x(span.high), y(span.y));
    pen.stroke();
    pen.beginPath();
    pen.arc(x(span.at), y(span.y), 3.5, 0, 7);
    pen.fill();
  }

  function nearest(event) {
    let [best, found] = [NEAR * NEAR, -1];
    for (let at = 0; at < made.points.x.length; at++) {
      const apart = (x(made.points.x[at]) - event.offsetX) ** 2 + (y(made.points.y[at]) - event.offsetY) ** 2;
      if (apart < best) [best, found] = [apart, at];
    }
    return found;
  }
  canvas.addEventListener("pointermove", (event) => {
    const at = nearest(event);
    canvas.classList.toggle("over", at >= 0);
    told.textContent = at < 0 ? "" : made.words(at);
  });
  canvas.addEventListener("pointerleave", () => (told.textContent = ""));
  canvas.addEventListener("click", (event) => {
    const at = nearest(event);
    if (at >= 0) made.open(at);
  });

  canvas.style.height = `${height}px`;
  const observer = new ResizeObserver(draw);
  observer.observe(place);
  const sight = new IntersectionObserver((entries) => {
    if (!entries.some((each) => each.isIntersecting)) return;
    seen = true;
    sight.disconnect();
    draw();
  }, { rootMargin: "200px" });
  sight.observe(place);
  const stop = onTheme(draw);
  return {
    element,
    draw,
    leave() {
      observer.disconnect();
      sight.disconnect();
      stop();
    },
  };
}

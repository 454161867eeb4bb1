// How curves are told apart: by colour, and by dashes, since colours are few and not everybody sees them.

import { isDark } from "./ink.js";

const LIGHT = ["#0b62b0", "#c2410c", "#15803d", "#a21caf", "#8a6d00", "#0e7490", "#b91c1c", "#57606a"];
const DARK = ["#6cb6ff", "#ff9b57", "#6bd48a", "#e58bf0", "#e3c64f", "#5fd3e6", "#ff8f85", "#b6bfc9"];
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 2, 5, 6]];

/** @param {number} place of the curve @returns {{stroke: string, dash: number[]}} */
export function look(place) {
  const colours = isDark() ? DARK : LIGHT;
  return { stroke: colours[place % colours.length], dash: DASHES[Math.floor(place / colours.length) % DASHES.length] };
}

/** A short line that looks as the curve does. */
export function swatch(place) {
  const { stroke, dash } = look(place);
  const make = (tag, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };
  const line = make("line", { x1: 0, y1: 5, x2: 28, y2: 5, stroke, "stroke-width": 3, "stroke-dasharray": dash.join(" ") });
  const drawing = make("svg", { width: 28, height: 10, "aria-hidden": "true", class: "swatch" });
  drawing.append(line);
  return drawing;
}

// uPlot is a classic script; it is loaded when the first curve is drawn.

import { ink } from "./ink.js";

let loading = null;

/** What an axis looks like in the page's theme, as it is now. */
export function axisInk() {
  return { stroke: ink("--faint"), grid: { stroke: ink("--line"), width: 1 }, ticks: { stroke: ink("--line") } };
}

/** @returns {Promise<any>} the constructor */
export function loadPlot() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("../../vendor/uplot/uPlot.iife.min.js", import.meta.url).href;
    script.addEventListener("load", () => resolve(globalThis.uPlot));
    script.addEventListener("error", () => reject(new Error("the curves' code cannot be loaded")));
    document.head.append(script);
  });
  return loading;
}

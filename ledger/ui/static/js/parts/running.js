// A trial that still runs: how long it has, and what it has logged and printed until now.

import { curve } from "./curve.js";
import { h } from "./dom.js";
import { count, duration, size, typed } from "./words.js";

const CURVES = 24; // metrics that are drawn at once

/**
 * Be told, at each look, how a running trial stands.
 * @param {string} id @param {(news: any, moved: boolean) => void} told @returns {() => void} stops it
 */
export function follow(id, context, told) {
  let known = null;
  let asking = false;
  let since = 0;
  const stop = context.running(async (marks) => {
    if (asking) return;
    asking = true;
    try {
      const moved = known === null || (marks[known.spool] ?? null) !== known.mark;
      if (moved) {
        known = await context.net.json("running", { trial: id });
        since = performance.now();
      }
      if (known.running) told({ ...known, elapsed_s: known.elapsed_s + (performance.now() - since) / 1000 }, moved);
    } catch {
      known = null; // the state line tells that the server is silent; the next look asks again
    } finally {
      asking = false;
    }
  });
  return stop;
}

/** How long it has run. */
export function clock(trial) {
  const element = h("span", { class: "elapsed" }, duration((Date.now() - new Date(trial.started).getTime()) / 1000));
  return {
    element,
    refresh(news) {
      element.textContent = `${duration(news.elapsed_s)}${news.here ? "" : ", not on this machine or without its recorder"}`;
    },
  };
}

/** The way to the curves that can be smoothed. */
export const further = (trial, context) =>
  h("p", {}, h("a", { href: context.link("curves", "", { of: typed(trial.id) }) }, "Smooth, log axes, time"));

/** Its curves, which grow. @param {(name: string, step: number) => void} [pick] told the point that is clicked */
export async function metrics(trial, context, keep, pick) {
  const place = h("div", { class: "curves" });
  const words = h("p", { class: "faint" });
  const plots = new Map();
  let turn = 0;
  const refresh = async (news) => {
    const mine = ++turn;
    const many = news.metrics.filter((each) => each.count > 1);
    for (const { name } of many.slice(0, CURVES)) {
      const table = await context.net.arrow("series", { trial: trial.id, metric: name });
      if (mine !== turn) return;
      const [x, y] = ["step", "value"].map((column) => table.getChild(column).toArray());
      if (plots.has(name)) plots.get(name).set(x, y);
      else {
        const plot = await curve(name, x, y, "step", pick);
        if (mine !== turn) return plot.leave();
        plots.set(name, plot);
        keep(plot);
        place.append(plot.element);
      }
    }
    const others = many.length - CURVES;
    words.textContent = !news.here ? "It does not run on this machine: its curves come with its end."
      : others > 0 ? `and ${count(others, "metric")} more`
      : many.length ? "It runs: the curves grow." : "It runs, and no metric has two points yet.";
  };
  keep({
    refresh: (news) => refresh(news).catch(() => (words.textContent = "The curves cannot be read now.")),
    leave() {
      turn++; // the curves are kept by whoever keeps this
    },
  });
  await refresh(await context.net.json("running", { trial: trial.id }));
  return [further(trial, context), place, words];
}

/** What it prints. */
export async function streams(trial, context, keep) {
  const parts = ["stdout", "stderr"].map((name) => ({ name, text: h("pre", { tabindex: "0" }), note: h("p", { class: "faint" }) }));
  const refresh = () => Promise.all(parts.map(async ({ name, text, note }) => {
    try {
      const found = await context.net.json("stream", { trial: trial.id, name });
      const below = text.scrollTop + text.clientHeight >= text.scrollHeight - 4;
      if (text.textContent !== found.text) text.textContent = found.text;
      note.textContent = found.skipped ? `the last of ${size(found.size)}` : found.text ? "until now" : "nothing yet";
      if (below) text.scrollTop = text.scrollHeight;
    } catch (error) {
      note.textContent = [error.message, error.cause].filter(Boolean).join(": ");
    }
  }));
  keep({ refresh, leave() {} });
  await refresh();
  requestAnimationFrame(() => parts.forEach(({ text }) => (text.scrollTop = text.scrollHeight)));
  return parts.map(({ name, text, note }) => [h("h2", {}, name), note, text]);
}

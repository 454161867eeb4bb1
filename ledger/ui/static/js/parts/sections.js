// The drawings of an experiment. Each is asked for when it comes into sight, and again when its question changes.

import { idOf } from "./columns.js";
import { fill, h, problem } from "./dom.js";
import * as drawings from "./drawings.js";
import { count } from "./words.js";

const PARTS = [
  ["history", "History of the best"], ["importance", "Importance"], ["seeds", "Seeds"], ["pareto", "Two metrics"], ["slices", "Slices"],
];

const SCALED = ["history", "slices"]; // those whose metric has a scale that can be chosen

/** What a search shows until its first trial has ended well. */
const NONE_YET = () => ({ plots: [], nodes: h("p", { class: "faint" }, "No trial has ended well yet."), retry: true });

/** @param {any} context @param {string} name of the experiment */
export function sections(context, name) {
  const parts = PARTS.map(([kind, title]) => section(kind, title));
  let now = null;

  function section(kind, title) {
    const body = h("div", {});
    const element = h("section", { "aria-label": title }, h("h2", {}, title), body);
    const part = { kind, element, body, seen: false, key: null, plots: [], turn: 0 };
    part.sight = new IntersectionObserver((entries) => {
      if (!entries.some((each) => each.isIntersecting)) return;
      part.seen = true;
      part.sight.disconnect();
      if (now) show(part);
    }, { rootMargin: "150px" });
    fill(body, h("p", { class: "faint" }, "…"));
    part.sight.observe(element);
    return part;
  }

  /** What a part's drawing depends on. */
  function key(part) {
    const { found, route } = now;
    const own = part.kind === "pareto" ? [route.query.get("x_metric"), route.query.get("x_direction")] : SCALED.includes(part.kind) ? [route.query.get("scale")] : [];
    const moved = part.kind === "slices" ? now.table.rows.length : part.kind === "importance" ? 0 : found.trials;
    return JSON.stringify([found.objective, own, moved, part.kind === "slices" ? [found.trials, route.query.get("brush")] : 0]);
  }

  async function show(part) {
    const wanted = key(part);
    if (part.key === wanted) {
      if (part.kind === "importance" && part.trials !== now.found.trials.trials) older(part);
      return;
    }
    part.key = wanted;
    part.trials = now.found.trials.trials;
    const mine = ++part.turn;
    try {
      const early = now.found.objective && !now.found.metrics.length;
      const made = early ? NONE_YET() : await drawings[part.kind]({
        ...now, context, name, question: { name, metric: now.found.objective?.metric, direction: now.found.objective?.direction },
        open: (table) => (at) => (location.hash = context.link("trial", idOf(table, at))),
      });
      if (mine !== part.turn) {
        made.plots.forEach((each) => each.leave());
        return;
      }
      drop(part);
      part.plots = made.plots;
      if (made.retry) part.key = null; // too few trials as yet: it is asked again when there are more
      fill(part.body, made.nodes);
    } catch (error) {
      if (mine !== part.turn) return;
      drop(part);
      fill(part.body, h("p", { class: "faint" }, error.message, error.cause ? `: ${error.cause}` : ""));
      if (!("hint" in error)) fill(part.body, problem(error));
    }
  }

  /** It takes time, so that a search which goes on does not ask for it each time. */
  function older(part) {
    part.body.querySelector(".older")?.remove();
    const more = now.found.trials.trials - part.trials;
    part.body.prepend(h("p", { class: "older" }, `of ${count(part.trials, "trial")}; ${count(more, "trial")} more since `,
      h("button", { type: "button", onclick: () => ((part.key = null), show(part)) }, "Find it again")));
  }

  function drop(part) {
    for (const each of part.plots) each.leave();
    part.plots = [];
  }

  return {
    element: h("div", {}, parts.map((part) => part.element)),
    set(next) {
      now = next;
      for (const part of parts) if (part.seen) show(part);
    },
    leave() {
      for (const part of parts) {
        part.turn++;
        part.sight.disconnect();
        drop(part);
      }
    },
  };
}

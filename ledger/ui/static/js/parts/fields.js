// The brush as fields: what a stroke along an axis asks for can be typed and ticked, too.

import { fill, h } from "./dom.js";
import { text } from "./words.js";

const MOST = 30; // choices of one axis that have a box each

/** @param {(axis: any, asked: import("./brush.js").Asked | null) => void} brushed */
export function fields(brushed) {
  const body = h("div", { class: "brushes" });
  const element = h("details", { class: "fields" }, h("summary", {}, "Brush by fields"), body);
  let drawn = "";
  return {
    element,
    /** @param {any[]} axes @param {Record<string, import("./brush.js").Asked>} asked */
    set(axes, asked) {
      const now = JSON.stringify([axes.map((axis) => [axis.ask, axis.scale.words]), asked]);
      if (now === drawn) return;
      drawn = now;
      const focus = document.activeElement?.dataset?.field;
      fill(body, axes.map((axis) => one(axis, asked[axis.ask] ?? null, brushed)));
      if (focus) [...body.querySelectorAll("input")].find((each) => each.dataset.field === focus)?.focus();
    },
  };
}

function one(axis, asked, brushed) {
  const none = axis.shares.some((each) => each !== each)
    ? box("none", Boolean(asked?.null), (on) => brushed(axis, on ? { null: true } : null))
    : null;
  return h("fieldset", {}, h("legend", {}, axis.name), axis.scale.kind === "number" ? range() : words(), none);

  function box(title, checked, choose) {
    const input = h("input", { type: "checkbox", checked, "data-field": `${axis.ask} ${title}` });
    input.addEventListener("change", () => choose(input.checked));
    return h("label", {}, input, title);
  }

  function words() {
    const values = asked?.values ?? [];
    const has = (word) => values.some((each) => text(each) === text(word));
    return axis.scale.words.slice(0, MOST).map((word) => box(text(word), has(word), (on) => {
      const next = axis.scale.words.filter((each) => (text(each) === text(word) ? on : has(each)));
      brushed(axis, next.length ? { values: next } : null);
    }));
  }

  function range() {
    return [["low", "from"], ["high", "to"]].map(([end, title]) => {
      const input = h("input", { type: "number", step: "any", value: asked?.[end] ?? "", "data-field": `${axis.ask} ${end}`, "aria-label": `${axis.name} ${title}` });
      input.addEventListener("change", () => {
        const next = { low: asked?.low, high: asked?.high, [end]: input.value === "" ? undefined : Number(input.value) };
        brushed(axis, next.low === undefined && next.high === undefined ? null : next);
      });
      return h("label", {}, title, input);
    });
  }
}

// Which columns the table shows.

import { fill, h } from "./dom.js";

const GROUPS = [["", "Fields"], ["param.", "Hyperparameters"], ["metric.", "Metrics"]];

/** @param {(names: string[]) => void} choose @param {string} [words] on it */
export function picker(choose, words = "Columns") {
  const search = h("input", { type: "search", placeholder: "find one", "aria-label": `Find one of: ${words}` });
  const list = h("div", {});
  const element = h("details", { class: "picker" }, h("summary", {}, words), h("div", {}, search, list));
  let columns = new Map();
  let shown = [];

  function draw() {
    const wanted = search.value.trim().toLowerCase();
    fill(list, GROUPS.map(([prefix, title]) => {
      const names = [...columns.keys()].filter((name) =>
        (prefix ? name.startsWith(prefix) : !/^(param|metric)\./.test(name)) && name.toLowerCase().includes(wanted));
      return names.length ? h("fieldset", {}, h("legend", {}, title), names.map(box)) : null;
    }));
  }

  function box(name) {
    const input = h("input", { type: "checkbox", checked: shown.includes(name) });
    input.addEventListener("change", () => {
      shown = input.checked ? [...shown, name] : shown.filter((each) => each !== name);
      choose(shown);
    });
    return h("label", {}, input, columns.get(name).title);
  }

  search.addEventListener("input", draw);
  element.addEventListener("toggle", () => element.open && draw());
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      element.open = false;
      element.firstChild.focus();
    }
  });
  element.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !element.contains(event.relatedTarget)) element.open = false;
  });
  return {
    element,
    set(all, names) {
      [columns, shown] = [all, names];
      if (element.open && document.activeElement?.type !== "checkbox") draw();
    },
  };
}

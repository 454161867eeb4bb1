// What differs, part by part, of two trials as of two experiments.

import { h } from "./dom.js";
import { short, text } from "./words.js";

const FOLDED = 200; // lines of a file's difference past which it is folded
export const PARTS = { verdict: "Verdict", hyperparameters: "Hyperparameters", seeds: "Seeds", code: "Code", environment: "Environment", inputs: "Inputs", metrics: "Metrics", outputs: "Outputs" };

/** What differs in one part of two sides, which are called so. @param {any[]} list @param {[string, string]} sides */
export function differences(list, [a, b]) {
  if (!list.length) return h("p", { class: "faint" }, "the same");
  return h("div", { class: "wide", tabindex: "0" }, h("table", { class: "plain" },
    h("thead", {}, h("tr", {}, ["what", a, b, ""].map((each) => h("th", { scope: "col" }, each)))),
    h("tbody", {}, list.map((each) => h("tr", {},
      h("th", { scope: "row" }, each.path ?? ""), h("td", {}, value(each.expected)), h("td", {}, value(each.got)),
      h("td", { class: "faint" }, [each.detail, each.counted ? null : "does not count"].filter(Boolean).join("; ")))))));
}

/** A value in a cell; of a digest as much as tells it apart. */
export function value(held) {
  if (held === null || held === undefined) return h("span", { class: "faint" }, "–");
  const words = Array.isArray(held) ? held.map(text).join(" ") : text(held);
  return /^b3:[0-9a-f]{64}$/.test(words) ? h("code", { title: words }, short(words)) : words;
}

/** A unified diff, a file at a time. @param {{code: string[], more: boolean}} found */
export function code(found) {
  const files = [];
  for (const line of found.code) {
    if (line.startsWith("--- ") || line.startsWith("# ") || !files.length) files.push([]);
    files[files.length - 1].push(line);
  }
  return [
    files.map((lines) => {
      if (!lines[0].startsWith("--- ")) return lines.map((line) => h("p", { class: "faint" }, line.slice(2)));
      const [plus, minus] = ["+", "-"].map((sign) => lines.slice(2).filter((line) => line.startsWith(sign)).length);
      const name = (lines[1] ?? "").replace(/^\+\+\+ (b\/)?/, "").replace(/^\/dev\/null$/, lines[0].slice(6));
      return h("details", { class: "code-file", open: lines.length <= FOLDED },
        h("summary", {}, h("code", {}, name), h("span", { class: "faint" }, ` +${plus} −${minus}`)),
        h("pre", { class: "code", tabindex: "0" }, lines.map((line, place) => h("span", { class: kind(line, place) }, line))));
    }),
    found.more ? h("p", { class: "faint" }, "and more lines: ledger diff --code shows all") : null,
  ];
}

function kind(line, place) {
  if (place < 2 || line.startsWith("@@") || line.startsWith("\\")) return "hunk";
  return line.startsWith("+") ? "plus" : line.startsWith("-") ? "minus" : "";
}

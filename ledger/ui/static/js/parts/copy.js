// A command or a digest to copy.

import { h } from "./dom.js";

/** @param {string} text @param {(words: string) => void} announce */
export function copyable(text, announce) {
  const button = h("button", { type: "button", class: "copy", "aria-label": `Copy: ${text}` }, "copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      announce("copied");
    } catch {
      const range = document.createRange();
      range.selectNodeContents(code);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      announce("selected: copy it with Ctrl-C");
    }
  });
  const code = h("code", {}, text);
  return h("span", { class: "copyable" }, code, button);
}

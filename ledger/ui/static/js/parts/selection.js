// Which trials of the table are chosen, and where they can be taken; the address holds it.

import { fill, h } from "./dom.js";
import { short, typed } from "./words.js";

const MOST = 200; // of chosen trials: an address has an end

export class Selection {
  constructor(context) {
    this.context = context;
    this.chosen = [];
    this.element = h("span", { class: "chosen" });
  }

  /** @param {URLSearchParams} query of the address */
  set(query) {
    this.chosen = [...new Set((query.get("chosen") ?? "").split(",").filter((each) => /^[0-9a-f]{12}$/.test(each)))];
    const { link } = this.context;
    const of = this.chosen.join(",");
    const all = { where: query.get("where") || " ", ...this.context.scope };
    fill(this.element,
      this.chosen.length ? `${this.chosen.length} chosen: ` : null,
      this.chosen.length > 1 ? [h("a", { href: link("diff", "", { of }) }, "compare"), " · "] : null,
      h("a", { href: link("curves", "", this.chosen.length ? { of } : all) }, this.chosen.length ? "curves" : "Curves of all these"),
      this.chosen.length ? [" · ", h("button", { type: "button", class: "copy", onclick: () => this.put([]) }, "none")] : null);
  }

  toggle(id) {
    const one = typed(id);
    const has = this.chosen.includes(one);
    if (!has && this.chosen.length === MOST) return this.context.announce(`no more than ${MOST} can be chosen`);
    this.put(has ? this.chosen.filter((each) => each !== one) : [...this.chosen, one]);
    this.context.announce(`${short(id)} ${has ? "no longer chosen" : "chosen"}, ${this.chosen.length} in all`);
  }

  put(chosen) {
    this.context.replace({ chosen: chosen.join(",") });
  }

  /** The box to tick in a row; the key x does the same. */
  box(id) {
    const input = h("input", { type: "checkbox", checked: this.chosen.includes(typed(id)), tabindex: "-1", "aria-label": `Choose ${short(id)}` });
    input.addEventListener("change", () => this.toggle(id));
    return input;
  }
}

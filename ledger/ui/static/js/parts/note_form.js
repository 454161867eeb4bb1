// The form of a note: a new one, the correction of one, or why one is taken back.

import { fill, h, problem } from "./dom.js";
import { keep, kept } from "./drafts.js";
import { markup } from "./markup.js";

const NEW = "new";
let forms = 0;

/**
 * @param {import("../main.js").Context} context
 * @param {{trials?: string[], experiments?: string[]}} subject
 * @param {{metrics: string[], done: () => Promise<void>}} options `metrics`: those of the one trial, to choose from;
 *   `done` is awaited once a note is written
 */
export function noteForm(context, subject, { metrics: known, done }) {
  const metrics = [];
  const key = JSON.stringify(subject);
  const drafts = kept(key);
  const id = `note-${++forms}`;
  let note = null; // the one that is corrected or taken back: {id, author, remove}
  let busy = false;

  const title = h("h3", { id: `${id}-title` });
  const metric = h("select", { "aria-label": "What it is on" }, h("option", { value: "" }, "the trial"));
  const step = h("input", { inputmode: "numeric", size: "8", "aria-label": "Step of the metric", placeholder: "any step" });
  const about = h("div", { class: "row" }, h("span", { class: "faint" }, "on"), metric, step);
  const text = h("textarea", { rows: "4", "aria-labelledby": `${id}-title`, "aria-describedby": `${id}-how`, spellcheck: "true" });
  const shown = h("div", { class: "said preview", role: "region", "aria-label": "Preview", hidden: true, tabindex: "0" });
  const failed = h("div", {});
  const submit = h("button", { type: "submit" }, "Write");
  const look = h("button", { type: "button", "aria-pressed": "false" }, "Preview");
  const cancel = h("button", { type: "button" }, "Cancel");
  const unsigned = h("input", { type: "checkbox" });
  const form = h("form", { class: "note-form", "aria-labelledby": `${id}-title` },
    title, about, text, shown, failed,
    h("div", { class: "row" }, submit, look, cancel, h("label", {}, unsigned, "do not sign"),
      h("span", { class: "faint", id: `${id}-how` }, "Markdown; Ctrl+Enter writes it")));

  /** Metrics that a note can be on; those of a running trial come one by one. @param {string[]} names */
  const offer = (names) => {
    for (const name of names.filter((each) => !metrics.includes(each))) {
      metrics.push(name);
      metric.append(h("option", { value: name }, name));
    }
    about.hidden = note !== null || !metrics.length;
  };
  const slot = () => (note === null ? NEW : `${note.remove ? "remove" : "correct"} ${note.id}`);
  const remember = () => {
    const empty = note === null && !text.value && !metric.value && !step.value;
    if (empty) delete drafts.texts[slot()];
    else drafts.texts[slot()] = { text: text.value, metric: metric.value, step: step.value, note };
    drafts.open = note === null ? "" : slot();
    keep(key, drafts);
  };
  const edit = () => {
    text.hidden = false;
    shown.hidden = true;
    look.textContent = "Preview";
    look.setAttribute("aria-pressed", "false");
  };
  /** Show the draft of what is open now. */
  const settle = (start) => {
    const found = drafts.texts[slot()] ?? { text: start, metric: "", step: "" };
    text.value = found.text;
    metric.value = metrics.includes(found.metric) ? found.metric : "";
    step.value = found.step;
    step.hidden = !metric.value;
    about.hidden = note !== null || !metrics.length;
    cancel.hidden = note === null;
    title.textContent = note === null ? "Write a note" : `${note.remove ? "Take back" : "Correct"} the note of ${note.author}`;
    submit.textContent = note?.remove ? "Take it back" : "Write";
    text.placeholder = note?.remove ? "why (may be left out)" : "";
    text.required = !note?.remove;
    edit();
    fill(failed);
  };
  const open = (next, start) => {
    note = next;
    settle(start);
    remember();
    text.focus();
    form.scrollIntoView({ block: "nearest" });
  };
  /** What is open is done with. */
  const close = () => {
    delete drafts.texts[slot()];
    note = null;
    drafts.open = "";
    settle("");
    keep(key, drafts);
  };

  const asked = () => {
    const own = { text: text.value, ...(unsigned.checked ? { sign: false } : {}) };
    if (note !== null) return { ...own, replaces: note.id, remove: note.remove };
    if (!metric.value) return { ...own, ...subject };
    if (!step.value.trim()) return { ...own, ...subject, metric: metric.value };
    const number = Number(step.value);
    if (!Number.isSafeInteger(number)) throw Object.assign(new Error("no step"), { cause: `expected a whole number, got ${step.value}` });
    return { ...own, ...subject, metric: metric.value, step: number };
  };
  const write = async () => {
    if (busy) return;
    busy = submit.disabled = true;
    fill(failed);
    try {
      await context.net.post("note", asked());
      const words = note?.remove ? "the note is taken back" : "the note is written";
      close();
      context.announce(words);
      await done();
    } catch (error) {
      fill(failed, problem(error));
    } finally {
      busy = submit.disabled = false;
      if (!text.hidden) text.focus();
    }
  };
  const preview = async () => {
    if (!shown.hidden) {
      edit();
      text.focus();
      return;
    }
    try {
      const { html } = await context.net.post("preview", { text: text.value });
      fill(shown, markup(html));
      fill(failed);
      text.hidden = true;
      shown.hidden = false;
      look.textContent = "Edit";
      look.setAttribute("aria-pressed", "true");
    } catch (error) {
      fill(failed, problem(error));
    }
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    write();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      write();
    }
  });
  form.addEventListener("input", () => {
    step.hidden = !metric.value;
    remember();
  });
  look.addEventListener("click", preview);
  cancel.addEventListener("click", close);

  note = drafts.texts[drafts.open]?.note ?? null;
  offer(known);
  settle("");
  return {
    element: form,
    offer,
    /** Correct a note, or take it back. @param {any} of @param {boolean} remove */
    correct: (of, remove) => open({ id: of.id, author: of.author, remove }, remove ? "" : of.text),
    /** A new note on a metric's step. */
    about(name, at) {
      note = null;
      offer([name]);
      settle("");
      metric.value = name;
      step.value = String(at);
      step.hidden = false;
      remember();
      text.focus();
      form.scrollIntoView({ block: "nearest" });
    },
  };
}

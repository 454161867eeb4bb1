// What people say about something, and where the server writes (`ledger ui --write`), the form to say more.
//
// Any view mounts it with one line, and ends it in its own leave():
//
//   const said = notes(place, context, { trials: [id] });            // a trial: its metrics' and diffs' notes, too
//   const said = notes(place, context, { trials: [id, other] });     // the diff of trials, in whatever order
//   const said = notes(place, context, { experiments: [name] });     // an experiment; with two names: their diff
//   ...
//   said.leave();
//
// It fetches what it shows itself, shows errors in its own place, follows the ledger while it grows, and keeps
// what is being written over reloads. Ids are whole (b3:…). Options, of one trial: `metrics`, names that a note can
// be on, and `told(notes)`, called with the notes' documents (form notes.v1) whenever there are others.
// `said.offer(names)` adds metrics that came while the trial ran, `said.about(metric, step)` opens the form for a step; `said.find(note)` leads to a note that is shown.

import { copyable } from "./copy.js";
import { fill, h, problem } from "./dom.js";
import { markup } from "./markup.js";
import { noteForm } from "./note_form.js";
import { count, moment, quoted, typed, visible } from "./words.js";

/**
 * @param {Element} root whose content it becomes
 * @param {import("../main.js").Context} context
 * @param {{trials: string[]} | {experiments: string[]}} subject
 * @param {{metrics?: string[], told?: (notes: any[]) => void}} [options]
 */
export function notes(root, context, subject, { metrics = [], told = () => {} } = {}) {
  const query = subject.trials ? { trials: subject.trials.join(",") } : { experiments: JSON.stringify(subject.experiments) };
  const many = (subject.trials ?? subject.experiments).length > 1;
  const title = h("h2", { tabindex: "-1" }, "Notes");
  const failed = h("div", {});
  const list = h("div", {});
  let before = "";
  let ended = false;

  const load = async () => {
    try {
      const found = await context.net.json("notes", query);
      fill(failed);
      const now = JSON.stringify(found);
      if (ended || now === before) return;
      before = now;
      const focused = list.contains(document.activeElement) ? document.activeElement.id : null;
      title.textContent = found.all ? `Notes (${found.all})` : "Notes";
      fill(list,
        found.notes.length ? found.notes.map((each) => article(each, many, context, form)) : h("p", { class: "faint" }, "none yet"),
        found.all > found.notes.length ? h("p", { class: "faint" }, `and ${found.all - found.notes.length} older: `, h("code", {}, "ledger note --list")) : null,
        found.taken_back.length ? gone(found.taken_back) : null);
      if (focused) document.getElementById(focused)?.focus();
      told(found.notes);
    } catch (error) {
      if (!ended) fill(failed, problem(error));
    }
  };
  const form = context.net.writes ? noteForm(context, subject, { metrics, done: load }) : null;
  fill(root, h("section", { class: "notes" }, title, failed, list, form ? form.element : how(subject, context)));
  load();
  const stop = context.live(load);
  return {
    about: form?.about,
    offer: (names) => form?.offer(names),
    find(note) {
      const found = document.getElementById(`note-${note.id}`) ?? title;
      found.scrollIntoView({ block: "center" });
      found.focus({ preventScroll: true });
    },
    leave() {
      ended = true;
      stop();
    },
  };
}

function how(subject, context) {
  const named = subject.trials ? subject.trials.map(typed) : subject.experiments;
  const [first, ...others] = named.map(quoted);
  const words = ["ledger note", subject.trials ? first : `-x ${first}`, ...others.map((each) => `--with ${each}`), "'what you see'"];
  return h("p", { class: "faint" }, "Write one: ", copyable(words.join(" "), context.announce), " or here: ", h("code", {}, "ledger ui --write"));
}

function article(note, many, context, form) {
  const on = about(note, many, context);
  const button = (name, words, remove) =>
    h("button", { type: "button", id: `${name}-${note.id}`, class: "copy", "aria-label": `${words} the note of ${note.author}`, onclick: () => form.correct(note, remove) }, words);
  return h("article", { class: "note", id: `note-${note.id}`, tabindex: "-1" },
    h("p", { class: "faint" }, by(note), on && [" · on ", on], " · ", signature(note)),
    h("div", { class: "said", dir: "auto" }, markup(note.html)),
    note.before.length ? versions(`corrected ${count(note.before.length, "time")}${others(note)}`, note.before) : null,
    form ? h("p", { class: "row" }, button("correct", "correct", false), button("remove", "take back", true)) : null);
}

const by = (note) => [h("bdi", { class: "author" }, visible(note.author)), ` · ${moment(note.time)} UTC`];

/** Of a note on a page about one thing, what more it is on. */
function about(note, many, context) {
  if (many) return null;
  const trials = [note.trial, ...note.against];
  if (trials.length > 1) return h("a", { href: context.link("diff", "", { of: trials.join(",") }) }, h("bdi", {}, visible(note.on)));
  if (note.against_experiments.length) return h("bdi", {}, visible(note.on));
  if (note.metric === null) return null;
  return h("bdi", {}, visible(note.metric), note.step === null ? null : ` at step ${note.step}`);
}

const SIGNATURES = { good: ["good", "signed"], bad: ["bad", "signature does not hold"], unchecked: ["warn", "signature not checked"] };

function signature(note) {
  const [tone, words] = SIGNATURES[note.signed] ?? ["", "not signed"];
  return h("span", { class: tone, title: note.reason }, words, note.key ? [" ", h("code", { title: note.key }, visible(note.key).slice(0, 19))] : null);
}

/** Whose words a correction stands in for, where they were somebody else's, or signed. */
function others(note) {
  const names = [...new Set(note.before.map((each) => each.author).filter((each) => each !== note.author))];
  const lost = note.before.some((each) => each.key && each.key !== note.key);
  return `${names.length ? `, in place of what ${visible(names.join(", "))} wrote` : ""}${lost ? `; what was signed is now ${note.key ? "signed by another key" : "not signed"}` : ""}`;
}

function versions(words, before) {
  return h("details", {}, h("summary", {}, words),
    before.map((each) => h("div", { class: "version" },
      h("p", { class: "faint" }, by(each), " · ", signature(each)),
      h("pre", { tabindex: "0", dir: "auto" }, visible(each.text)))));
}

function gone(found) {
  return h("details", { class: "gone" }, h("summary", {}, `${found.length} taken back`),
    found.map((each) => h("div", { class: "note" },
      h("p", { class: "faint" }, "taken back by ", by(each), " · ", signature(each), each.text ? [": ", h("bdi", {}, visible(each.text))] : null),
      versions("what it said", each.before))));
}

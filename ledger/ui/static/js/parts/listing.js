// Tables that the plots and the smaller pages have in common.

import { h } from "./dom.js";
import { moment, short } from "./words.js";

/** @param {string[]} titles @param {any[][]} lines @param {string} [label] */
export function listing(titles, lines, label) {
  return h("div", { class: "wide listing", tabindex: "0", role: "region", "aria-label": label ?? titles.join(", ") }, h("table", { class: "plain" },
    h("thead", {}, h("tr", {}, titles.map((each) => h("th", { scope: "col" }, each)))),
    h("tbody", {}, lines.map((line) => h("tr", {}, line.map((cell) => h("td", {}, cell)))))));
}

/** A moment in a cell, in one line. @param {string} value RFC 3339 */
export const when = (value) => h("time", { datetime: value }, moment(value));

/** A trial as a link. */
export function linked(context, id, words = short(id)) {
  return h("a", { href: context.link("trial", id), class: "mono" }, words);
}

const TONES = {
  ok: "good", identical: "good", equivalent: "good", complete: "good",
  failed: "bad", lost: "bad", diverged: "bad", absent: "bad",
  killed: "warn", running: "warn", pruned: "warn", partial: "warn", incomparable: "warn",
};

/** The class of a word that says how something stands. @param {string} word */
export const toneOf = (word) => TONES[word] ?? "plain";

/** Such a word in its colour. @param {string} word */
export const tone = (word) => h("span", { class: toneOf(word) }, word);

/** How many trials stand how. @param {Record<string, number>} statuses */
export function states(statuses) {
  return Object.entries(statuses).flatMap(([status, count], place) => [
    place ? ", " : "", h("span", { class: toneOf(status) }, `${count.toLocaleString("en")} ${status}`)]);
}

/** Trials, as the server tells them in short. */
export function trialList(context, trials) {
  return listing(["trial", "name", "experiment", "status", "began (UTC)"], trials.map((each) => [
    linked(context, each.id), each.name ?? "",
    each.experiment ? h("a", { href: context.link("experiment", each.experiment) }, each.experiment) : "",
    tone(each.status), when(each.started)]), "Trials");
}

/** A labelled choice. @param {[string, string][]} options value and words */
export function choice(title, options, value, choose) {
  const select = h("select", { onchange: () => choose(select.value) }, options.map(([each, words]) => h("option", { value: each }, words)));
  select.value = value;
  return h("label", {}, title, select);
}

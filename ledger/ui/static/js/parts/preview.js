// A recorded file, shown so that it can do nothing: pixels as an image, all else as text.

import { h, problem } from "./dom.js";
import { count, size, text } from "./words.js";

/** @param {{path: string, digest: string | null, omitted?: string | null}} file */
export async function preview(file, context) {
  if (!file.digest || file.omitted) return h("p", { class: "faint" }, `recorded without its content: ${file.omitted ?? "unreadable"}`);
  try {
    const found = await context.net.json("artifact", { digest: file.digest, path: file.path });
    const made = explained(found, shown(found, file, context));
    if (found.checked) return made;
    return h("div", {}, made, h("p", { class: "faint" }, "too large to be held against its digest here: ledger verify --deep"));
  } catch (error) {
    return problem(error);
  }
}

/** What it was read as stands above it, and why there is no more of it below. */
function explained(found, made) {
  const form = [found.packed ? `unpacked from ${found.packed}` : null, found.format,
    found.count === undefined ? null : `${count(found.count, "row")} of ${count(found.width, "column")}`];
  const words = form.filter(Boolean).join(", ");
  if (!words && !found.why) return made;
  return h("div", {}, words ? h("p", { class: "faint" }, words) : null, made, found.why ? h("p", { class: "faint" }, found.why) : null);
}

function shown(found, file, context) {
  if (found.kind === "image") {
    const words = `${found.media_type}, ${found.width} × ${found.height} pixels`;
    if (!found.shown) return h("p", { class: "faint" }, `too large to be shown here: ${words}`);
    return h("figure", { class: "image" },
      h("img", { src: context.net.image(found.digest), alt: file.path, loading: "lazy" }),
      h("figcaption", { class: "faint" }, words));
  }
  if (found.kind === "table") return table(found);
  if (found.kind === "tables") return tables(found);
  if (found.kind === "array") {
    const words = `array of ${found.type}, shape ${found.shape.join(" × ") || "()"}`;
    return h("div", {}, h("p", {}, words), found.values ? h("pre", { tabindex: "0" }, found.values.map(text).join(", ")) : null);
  }
  if (found.kind === "archive") return archive(found);
  if (found.kind === "tree")
    return table({ columns: ["path", "what", "type", "shape", "value"], more: found.more,
      rows: found.entries.map((each) => [each.path, each.what, each.type ?? "", each.shape ?? "", each.value ?? ""]) });
  if (found.kind === "text" && found.size === 0) return h("p", { class: "faint" }, "empty");
  if (found.kind === "text")
    return h("div", {}, h("pre", { tabindex: "0" }, found.text), rest(found.more, size));
  return h("div", {}, h("p", { class: "faint" }, `${size(found.size)}${found.form ? ` of ${found.form}` : found.why ? "" : " of no known form"}; the first bytes:`), h("pre", { tabindex: "0" }, found.hex));
}

/** How much is not shown; null where nobody counted. */
function rest(more, said) {
  if (more === null) return h("p", { class: "faint" }, "and more");
  return more > 0 ? h("p", { class: "faint" }, `and ${said(more)} more`) : null;
}

function archive(found) {
  const last = found.members.some((each) => each.what) ? "what" : "packed";
  return h("div", { class: "wide", tabindex: "0" },
    h("table", { class: "plain" }, h("thead", {}, h("tr", {}, ["member", "size", last].map((each) => h("th", { scope: "col" }, each)))),
      h("tbody", {}, found.members.map((each) => h("tr", {}, h("td", {}, each.path), h("td", {}, size(each.size)), h("td", {}, each.what ?? size(each.packed)))))),
    rest(found.more, String));
}

/** A database. */
function tables(found) {
  if (!found.tables.length) return h("p", { class: "faint" }, "no tables");
  return h("div", {},
    found.tables.map((each) => [h("h3", {}, each.name), table(each), each.why ? h("p", { class: "faint" }, each.why) : null]),
    rest(found.more, (more) => count(more, "table")));
}

function table(found) {
  const head = (name, place) => h("th", { scope: "col" }, name, found.types ? h("div", { class: "faint" }, found.types[place]) : null);
  const cell = (value) => h("td", {}, value === null ? h("span", { class: "faint" }, "null") : value);
  return h("div", { class: "wide", tabindex: "0" },
    h("table", { class: "plain" },
      h("thead", {}, h("tr", {}, found.columns.map(head))),
      h("tbody", {}, found.rows.map((row) => h("tr", {}, row.map(cell))))),
    found.more ? h("p", { class: "faint" }, "and more rows") : null);
}

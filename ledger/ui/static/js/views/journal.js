// The journal: what was appended, how far it goes, and who signed that.

import { copyable } from "../parts/copy.js";
import { fill, h, problem } from "../parts/dom.js";
import { linked, when } from "../parts/listing.js";
import { count, short } from "../parts/words.js";

export async function show(root, route, context) {
  let now = route;
  const update = async (next) => {
    now = next;
    const skip = next.query.get("skip") ?? "0";
    try {
      fill(root, page(await context.net.json("journal", { skip }), context));
    } catch (error) {
      fill(root, h("h1", {}, "Journal"), problem(error));
    }
  };
  await update(route);
  const stop = context.live(() => update(now));
  return { update, leave: stop };
}

function page(found, context) {
  const { head, entries, skip, page: size } = found;
  const link = (words, to) => h("a", { href: context.link("journal", "", to ? { skip: String(to) } : {}) }, words);
  return [
    h("h1", {}, "Journal"),
    h("table", { class: "plain pairs" }, h("tbody", {},
      h("tr", {}, h("th", { scope: "row" }, "head"), h("td", {}, copyable(head.digest, context.announce))),
      h("tr", {}, h("th", { scope: "row" }, "entries"), h("td", {}, head.size.toLocaleString("en"))),
      h("tr", {}, h("th", { scope: "row" }, "signed by"), h("td", {}, head.signers.join(", ") || "nobody: ledger verify --sign")),
      head.origins.map((each) => h("tr", {}, h("th", { scope: "row" }, `origin ${each.origin.slice(0, 8)}`),
        h("td", {}, `${count(each.size, "entry").replace("entrys", "entries")}, root `, h("code", {}, each.root)))))),
    h("p", {}, "Check it: ", copyable("ledger verify", context.announce)),
    h("h2", {}, "Entries, newest first"),
    h("div", { class: "wide", tabindex: "0" }, h("table", { class: "plain" },
      h("thead", {}, h("tr", {}, ["when (UTC)", "kind", "about", "entry", "place"].map((each) => h("th", { scope: "col" }, each)))),
      h("tbody", {}, entries.map((each) => h("tr", {},
        h("td", {}, when(each.time)),
        h("td", {}, each.kind),
        h("td", {}, each.trial ? linked(context, each.trial) : each.experiment ? h("a", { href: context.link("experiment", each.experiment) }, each.experiment) : ""),
        h("td", {}, h("code", { title: each.id }, short(each.id))),
        h("td", {}, `${each.origin.slice(0, 8)} ${each.seq}`)))))),
    h("p", {},
      skip > 0 ? link("newer", Math.max(0, skip - size)) : null, skip > 0 && skip + size < head.size ? " · " : null,
      skip + size < head.size ? link("older", skip + size) : null),
    h("p", {}, "The proof of one trial: ", copyable("ledger prove @", context.announce)),
  ];
}

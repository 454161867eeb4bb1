// A data set, or any other content: who read it, by which names, and who made it.

import { copyable } from "../parts/copy.js";
import { fill, h, problem } from "../parts/dom.js";
import { listing, trialList } from "../parts/listing.js";
import { preview } from "../parts/preview.js";
import { count, short, size } from "../parts/words.js";

export async function show(root, route, context) {
  let shown = "";
  const look = async () => {
    try {
      const found = await context.net.json("input", { digest: route.id });
      if (JSON.stringify(found) === shown) return;
      shown = JSON.stringify(found);
      fill(root, await page(found, context));
    } catch (error) {
      fill(root, h("h1", {}, `Input ${short(route.id)}`), problem(error));
    }
  };
  await look();
  const stop = context.live(look);
  return { update: look, leave: stop };
}

async function page(found, context) {
  const [first] = found.names;
  const file = { path: first?.path ?? "", digest: found.digest, omitted: found.kept ? null : (found.omitted ?? "the store does not have it") };
  return [
    h("h1", {}, first?.path ?? short(found.digest)),
    h("p", { class: "facts" }, found.directory ? "directory" : (found.media_type ?? "file"), ` · ${size(found.size)} · read by ${count(found.count, "trial")}`,
      found.kept ? null : " · its content is not kept"),
    h("p", {}, copyable(found.digest, context.announce)),
    found.kept ? h("p", {}, "Its content: ", copyable(`ledger cat ${found.digest}`, context.announce)) : null,
    h("h2", {}, "Experiments"),
    found.experiments.length
      ? listing(["experiment", "trials that read it"], found.experiments.map((each) => [
        each.name === null ? "(none)" : h("a", { href: context.link("experiment", each.name) }, each.name), each.count.toLocaleString("en")]), "Experiments")
      : h("p", { class: "faint" }, "none"),
    h("h2", {}, "Names"),
    listing(["path", "trials"], found.names.map((each) => [each.path, each.count.toLocaleString("en")]), "Names"),
    h("h2", {}, "Content"),
    h("div", { class: "preview" }, await preview(file, context)),
    found.makers.length ? [h("h2", {}, "Made by"), trialList(context, found.makers)] : null,
    h("h2", {}, "Trials that read it"),
    found.trials.length ? trialList(context, found.trials) : h("p", { class: "faint" }, "none"),
    found.count > found.trials.length ? h("p", { class: "faint" }, `and ${count(found.count - found.trials.length, "older one")}`) : null,
  ];
}

// All experiments; the best of each tuned one is asked for afterwards, one by one.

import { fill, h, problem } from "../parts/dom.js";
import { linked, listing, states, when } from "../parts/listing.js";
import { count, number } from "../parts/words.js";

const MOST = 500; // experiments that are listed
const ASKED = 40; // of which the best is told

export async function show(root, route, context) {
  let turn = 0;
  const update = async () => {
    const mine = ++turn;
    try {
      const { experiments, without } = await context.net.json("experiments");
      if (mine !== turn) return;
      const shown = experiments.slice(0, MOST);
      const best = new Map(shown.map((each) => [each.name, h("span", { class: "faint" }, each.tuned && each.trials ? "…" : "")]));
      fill(root,
        h("h1", {}, "Experiments"),
        shown.length
          ? listing(["experiment", "trials", "states", "last began (UTC)", "best"], shown.map((each) => [
            h("a", { href: context.link("experiment", each.name) }, each.name), each.trials.toLocaleString("en"), states(each.statuses), when(each.last), best.get(each.name)]), "Experiments")
          : h("p", { class: "faint" }, "none yet: ledger run -x NAME -- COMMAND"),
        experiments.length > MOST ? h("p", { class: "faint" }, `and ${count(experiments.length - MOST, "older one")}`) : null,
        without ? h("p", {}, h("a", { href: context.link("trials", "", { where: "experiment is null" }) }, `${count(without, "trial")} of no experiment`)) : null);
      let asked = 0;
      for (const each of shown.filter((one) => one.tuned && one.trials).slice(0, ASKED)) {
        if (mine !== turn) return;
        asked++;
        await tell(each.name, best.get(each.name), context);
      }
      for (const each of shown.filter((one) => one.tuned && one.trials).slice(asked)) fill(best.get(each.name), "open it");
    } catch (error) {
      if (mine === turn) fill(root, h("h1", {}, "Experiments"), problem(error));
    }
  };
  await Promise.race([update(), new Promise((done) => setTimeout(done, 1500))]);
  const stop = context.live(update);
  return {
    update,
    leave() {
      turn++;
      stop();
    },
  };
}

async function tell(name, place, context) {
  try {
    const { best, objective, problem: why } = await context.net.json("experiment", { name });
    if (best) fill(place, `${objective.metric} ${number(best.mean ?? best.value)} `, linked(context, best.trial));
    else fill(place, why ?? "");
  } catch (error) {
    fill(place, error.message);
  }
}

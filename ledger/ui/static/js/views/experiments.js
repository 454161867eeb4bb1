// All experiments, some of which can be chosen to be compared; the best of each tuned one is asked for afterwards.

import { fill, h, problem } from "../parts/dom.js";
import { linked, listing, states, when } from "../parts/listing.js";
import { count, number } from "../parts/words.js";

const MOST = 500; // experiments that are listed
const ASKED = 40; // of which the best is told
const COMPARED = 20; // that are compared at once, at most

export async function show(root, route, context) {
  let turn = 0;
  let now = route;
  const bar = h("p", { class: "chosen" });
  const boxes = new Map();
  const chosen = () => names(now.query.get("chosen"));
  const put = (list) => context.replace({ chosen: list.length ? JSON.stringify(list) : null });
  /** What is chosen, and where that leads; the table stays. */
  const mark = () => {
    const list = chosen();
    for (const [name, box] of boxes) box.checked = list.includes(name);
    fill(bar,
      !list.length ? h("span", { class: "faint" }, "Tick two experiments or more to compare them.") : `${list.length} chosen: `,
      list.length === 1 ? h("span", { class: "faint" }, "tick another one to compare ", list[0], " with") : null,
      list.length > 1 ? h("a", { href: context.link("diff", "", { experiments: JSON.stringify(list) }) }, "compare") : null,
      list.length ? [" · ", h("button", { type: "button", class: "copy", onclick: () => put([]) }, "none")] : null);
  };
  const box = (name) => {
    const made = h("input", { type: "checkbox", "aria-label": `Choose ${name}` });
    made.addEventListener("change", () => {
      const list = chosen().filter((each) => each !== name);
      if (made.checked && list.length === COMPARED) context.announce(`no more than ${COMPARED} can be chosen`);
      else put(made.checked ? [...list, name] : list);
      mark();
      context.announce(`${count(chosen().length, "experiment")} chosen`);
    });
    boxes.set(name, made);
    return made;
  };
  const load = async () => {
    const mine = ++turn;
    try {
      const { experiments, without } = await context.net.json("experiments");
      if (mine !== turn) return;
      const focus = document.activeElement?.getAttribute("aria-label");
      const shown = experiments.slice(0, MOST);
      const best = new Map(shown.map((each) => [each.name, h("span", { class: "faint" }, each.tuned && each.trials ? "…" : "")]));
      boxes.clear();
      fill(root,
        h("h1", {}, "Experiments"),
        shown.length > 1 ? bar : null,
        shown.length
          ? listing(["experiment", "trials", "states", "last began (UTC)", "best"], shown.map((each) => [
            h("span", { class: "pick" }, box(each.name), h("a", { href: context.link("experiment", each.name) }, each.name)), each.trials.toLocaleString("en"), states(each.statuses), when(each.last), best.get(each.name)]), "Experiments")
          : h("p", { class: "faint" }, "none yet: ledger run -x NAME -- COMMAND"),
        experiments.length > MOST ? h("p", { class: "faint" }, `and ${count(experiments.length - MOST, "older one")}`) : null,
        without ? h("p", {}, h("a", { href: context.link("trials", "", { where: "experiment is null" }) }, `${count(without, "trial")} of no experiment`)) : null);
      mark();
      [...boxes.values()].find((each) => each.getAttribute("aria-label") === focus)?.focus();
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
  await Promise.race([load(), new Promise((done) => setTimeout(done, 1500))]);
  const stop = context.live(load);
  return {
    update(next) {
      now = next;
      mark();
    },
    leave() {
      turn++;
      stop();
    },
  };
}

/** Names in the address: a JSON array. */
function names(text) {
  try {
    const found = JSON.parse(text ?? "[]");
    return Array.isArray(found) ? [...new Set(found.filter((each) => typeof each === "string"))].slice(0, COMPARED) : [];
  } catch {
    return []; // somebody wrote it by hand: nothing is chosen
  }
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

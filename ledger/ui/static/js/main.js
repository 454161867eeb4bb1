// The page: shows the view that the address names, and keeps what all views share.

import { AskError, net } from "./net.js";
import { changed, format, parse } from "./route.js";
import { fill, h, problem } from "./parts/dom.js";

const VIEWS = {
  trials: () => import("./views/trials.js"),
  trial: () => import("./views/trial.js"),
  journal: () => import("./views/journal.js"),
  curves: () => import("./views/curves.js"),
  diff: () => import("./views/diff.js"),
  experiments: () => import("./views/experiments.js"),
  experiment: () => import("./views/experiment.js"),
  input: () => import("./views/input.js"),
  algorithm: () => import("./views/algorithm.js"),
};
const PAGES = [["trials", "Trials"], ["experiments", "Experiments"], ["journal", "Journal"]];
const WITHIN = { experiment: "experiments" }; // places of one page that the others lead to
const PERIOD = 2000; // ms between two looks at whether the ledger has moved

const root = document.getElementById("view");
let shown = { view: "", id: "", view_: null };
let turn = 0;
let first = true; // the browser itself begins at the top

/** @typedef {{net: typeof net, go: (changes: object) => void, open: typeof open, announce: (text: string) => void,
 *   live: (callback: (news: any) => void) => (() => void)}} Context */
const context = {
  net,
  /** Change some of the query of this place. */
  go(changes) {
    location.hash = changed(parse(location.hash), changes);
  },
  /** Change it without a step back in the browser's history. */
  replace(changes) {
    history.replaceState(null, "", changed(parse(location.hash), changes));
    settle();
  },
  link: format,
  announce(text) {
    document.getElementById("announcer").textContent = text;
  },
  live,
  running,
};

const listeners = new Set();
/** Be told when the ledger has moved. */
function live(callback) {
  listeners.add(callback);
  return () => listeners.delete(callback);
}

const watchers = new Set();
/** Be told, at each look, how far the trials that run here have come: a number by the name of the spool. */
function running(callback) {
  watchers.add(callback);
  return () => watchers.delete(callback);
}

let version = null;
async function look() {
  try {
    const news = await net.json("live", { since: version });
    document.getElementById("state").textContent = "";
    if (version !== null && news.version !== version) for (const each of [...listeners]) each(news);
    version = news.version;
    for (const each of [...watchers]) each(news.running);
  } catch (error) {
    document.getElementById("state").textContent = error.message;
  }
  setTimeout(look, document.hidden ? 5 * PERIOD : PERIOD);
}

async function settle() {
  const mine = ++turn;
  const before = version;
  const route = parse(location.hash);
  for (const link of document.querySelectorAll("#pages a"))
    if (link.dataset.view === (WITHIN[route.view] ?? route.view)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  if (shown.view === route.view && shown.id === route.id && shown.view_?.update) {
    await shown.view_.update(route);
    return;
  }
  shown.view_?.leave?.();
  shown = { view: route.view, id: route.id, view_: null };
  const place = h("div", { class: `view ${Object.hasOwn(VIEWS, route.view) ? route.view : ""}` });
  fill(root, place);
  document.title = `${route.id ? `${route.view} ${route.id.replace(/^b3:/, "").slice(0, 12)}` : route.view} · ledger`;
  try {
    if (!Object.hasOwn(VIEWS, route.view))
      throw new AskError({ error: `no page "${route.view}"`, hint: "see the trials: #/trials" });
    const module = await VIEWS[route.view]();
    if (mine !== turn) return;
    const made = await module.show(place, route, context);
    if (mine !== turn) return made?.leave?.();
    shown.view_ = made ?? {};
    // What had the focus went with the view before: who goes by keyboard, or listens, goes on from here.
    if (!first && document.activeElement === document.body) root.focus({ preventScroll: true });
    first = false;
    if (version !== before) for (const each of [...listeners]) each({ version }); // it moved while the view was made
  } catch (error) {
    if (mine === turn) fill(place, problem(error));
  }
}

const THEMES = ["", "light", "dark"];
function theme(name) {
  document.documentElement.dataset.theme = name;
}
function begin() {
  fill(
    document.getElementById("pages"),
    PAGES.map(([view, title]) => h("a", { href: format(view), "data-view": view }, title)),
  );
  let kept = "";
  try {
    kept = localStorage.getItem("ledger.theme") ?? "";
  } catch {
    kept = ""; // a browser that keeps nothing follows the system
  }
  theme(THEMES.includes(kept) ? kept : "");
  document.getElementById("theme").addEventListener("click", () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = document.documentElement.dataset.theme || (dark ? "dark" : "light");
    const next = now === "dark" ? "light" : "dark";
    theme(next);
    context.announce(next);
    dispatchEvent(new CustomEvent("themed"));
    try {
      localStorage.setItem("ledger.theme", next);
    } catch {
      return;
    }
  });
  document.getElementById("skip").addEventListener("click", (event) => {
    event.preventDefault();
    root.focus();
  });
  addEventListener("hashchange", settle);
  look().then(settle); // in this order: what comes while the first view is made is news
}

begin();

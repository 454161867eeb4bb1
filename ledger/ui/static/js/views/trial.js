// One trial: what was tried, what came of it, and how to make it again.

import { copyable } from "../parts/copy.js";
import { curve } from "../parts/curve.js";
import { fill, h, problem } from "../parts/dom.js";
import { listing, tone, when } from "../parts/listing.js";
import { notes } from "../parts/notes.js";
import { preview } from "../parts/preview.js";
import * as live from "../parts/running.js";
import { called, count, duration, moment, quoted, short, size, text, typed } from "../parts/words.js";

const TABS = [["recipe", "Recipe"], ["metrics", "Metrics"], ["streams", "Streams"], ["files", "Files"], ["environment", "Environment"]];
const CURVES = 24; // metrics that are drawn at once

export async function show(root, route, context) {
  let trial = await context.net.json("trial", { ref: route.id });
  let current = null;
  let plots = [];
  let turn = 0;
  const head = h("div", {});
  const tabs = h("div", { class: "tabs", role: "tablist", "aria-label": "Parts of the trial" });
  const panel = h("section", { class: "panel", role: "tabpanel", id: "panel", tabindex: "0" });
  const below = h("div", {});
  fill(root, head, tabs, panel, below);
  const said = notes(below, context, { trials: [trial.id] }, {
    metrics: trial.metric_summaries.map((each) => each.name),
    told(list) {
      noted = list;
      for (const plot of plots) mark(plot);
      jump.hidden = !list.length;
      jump.textContent = `${count(list.length, "note")} below`;
    },
  });
  const jump = h("button", { type: "button", class: "jump", hidden: true, onclick: () => said.find({}) });
  let noted = trial.notes;
  const mark = (plot) => plot.mark?.(noted.filter((each) => each.metric === plot.name && each.step !== null)
    .sort((a, b) => a.step - b.step)
    .map((each) => ({ step: each.step, words: `at step ${each.step} by ${called(each.author)}`, go: () => said.find(each) })));

  const drop = () => {
    for (const each of plots) each.leave();
    plots = [];
  };
  const draw = async (name) => {
    const mine = ++turn;
    current = name;
    drop();
    fill(head, header(trial, context, (part) => plots.push(part)), jump);
    const within = tabs.contains(document.activeElement);
    fill(tabs, TABS.map(([id, title]) => h("a", {
      role: "tab", id: `tab-${id}`, href: context.link("trial", route.id, { tab: id }), "aria-selected": String(id === name),
      "aria-controls": "panel", tabindex: id === name ? "0" : "-1",
    }, title)));
    if (within) document.getElementById(`tab-${name}`).focus();
    panel.setAttribute("aria-labelledby", `tab-${name}`);
    const made = await PANELS[name](trial, context, (plot) => {
      plots.push(plot);
      mark(plot);
    }, said.about);
    if (mine === turn) fill(panel, made);
    else drop();
  };
  tabs.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const place = TABS.findIndex(([id]) => id === current);
    const next = TABS[(place + step + TABS.length) % TABS.length][0];
    context.go({ tab: next });
  });
  const update = (next) => draw(Object.hasOwn(PANELS, next.query.get("tab")) ? next.query.get("tab") : "recipe");
  await update(route);
  const stop = context.live(async () => {
    try {
      const next = await context.net.json("trial", { ref: route.id });
      if (bare(next) === bare(trial)) return;
      trial = next;
      said.offer(trial.metric_summaries.map((each) => each.name));
      await draw(current);
      context.announce("the record has changed");
    } catch (error) {
      fill(panel, problem(error));
    }
  });
  const unfollow = trial.status === "running" ? live.follow(trial.id, context, (news, moved) => {
    said.offer(news.metrics.map((each) => each.name));
    for (const each of [...plots]) if (moved || each.ticks) each.refresh?.(news);
  }) : () => {};
  return {
    update,
    leave() {
      stop();
      unfollow();
      turn++;
      drop();
      said.leave();
    },
  };
}

/** What the panels show of a trial: all but its notes, which look after themselves. */
const bare = (trial) => JSON.stringify({ ...trial, notes: null });

const PANELS = { recipe, metrics, streams, files, environment };

function pairs(rows) {
  return h("table", { class: "plain pairs" }, h("tbody", {}, rows.filter(Boolean).map(([name, ...value]) =>
    h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, ...value)))));
}

function header(trial, context, keep) {
  const clock = trial.status === "running" ? live.clock(trial) : null;
  if (clock) keep({ ...clock, ticks: true, leave() {} });
  return [
    h("h1", {}, trial.name ?? short(trial.id)),
    h("p", { class: "facts" },
      tone(trial.status), trial.exit_code ? ` (${trial.exit_code})` : null,
      trial.experiment ? [" · experiment ", h("a", { href: context.link("experiment", trial.experiment) }, trial.experiment)] : null,
      ` · ${moment(trial.started)} UTC`,
      trial.duration_s === null ? null : ` · ${duration(trial.duration_s)}`,
      clock && [" · for ", clock.element],
      trial.tags.length ? ` · ${trial.tags.length > 1 ? "tags" : "tag"} ${trial.tags.join(", ")}` : null),
    trial.message ? h("p", {}, trial.message) : null,
    h("p", {}, "Make it again: ", copyable(`ledger replay ${typed(trial.id)}`, context.announce)),
  ];
}

function recipe(trial, context) {
  const code = trial.code;
  return [
    h("h2", {}, "Command"),
    h("pre", { tabindex: "0" }, trial.command.map(quoted).join(" ")),
    h("h2", {}, "Hyperparameters"),
    trial.parameters.length
      ? listing(["name", "value", "type", "role", "source"], trial.parameters.map((each) => [each.name, each.role !== "seed" ? h("a", { href: context.link("algorithm", "", { by: each.name, is: text(each.value) }) }, text(each.value)) : text(each.value), each.type, each.role ?? "", each.source]))
      : h("p", { class: "faint" }, "none"),
    h("h2", {}, "Metrics"),
    trial.metric_summaries.length
      ? listing(["metric", "last", "min", "max", "points"], trial.metric_summaries.map((each) => [each.name, text(each.last), text(each.min), text(each.max), each.count.toLocaleString("en")]))
      : h("p", { class: "faint" }, "no metrics"),
    h("h2", {}, "Receipts"),
    trial.replays.length
      ? listing(["verdict", "when (UTC)", "where", "environment", "differences"], trial.replays.map((each) => [tone(each.verdict), when(each.time), each.host ?? "", each.mode, each.differences]))
      : h("p", { class: "faint" }, "never made again"),
    h("h2", {}, "Record"),
    listing(["part", "state", "what is missing"], trial.health.map((each) => [each.part, tone(each.state), each.reason ?? ""])),
    h("h2", {}, "Identity"),
    pairs([
      ["trial", copyable(trial.id, context.announce)],
      trial.recipe && ["recipe", h("code", {}, trial.recipe), trial.recipe_complete ? "" : " (incomplete)"],
      ["intent", h("code", {}, trial.intent)],
      code && ["code", h("code", {}, code.tree), code.commit ? ` commit ${code.commit.slice(0, 12)}` : "", code.dirty ? " with changes" : ""],
      trial.seeds.enforced !== null && ["seed", text(trial.seeds.enforced)],
      trial.parent && ["parent", h("a", { href: context.link("trial", trial.parent) }, short(trial.parent))],
      trial.children.length && ["children", trial.children.map((each) => [h("a", { href: context.link("trial", each) }, short(each)), " "])],
    ]),
    trial.problems.length ? [h("h2", {}, "Problems"), h("pre", { tabindex: "0" }, JSON.stringify(trial.problems, null, 1))] : null,
  ];
}

async function metrics(trial, context, keep, pick) {
  if (trial.status === "running") return live.metrics(trial, context, keep, pick);
  if (!trial.series) return h("p", { class: "faint" }, "no curves were recorded");
  const many = trial.metric_summaries.filter((each) => each.count > 1);
  const shown = many.slice(0, CURVES);
  const made = await Promise.all(shown.map(async ({ name }) => {
    try {
      const table = await context.net.arrow("series", { trial: trial.id, metric: name });
      const plot = await curve(name, table.getChild("step").toArray(), table.getChild("value").toArray(), "step", pick);
      keep(plot);
      return plot.element;
    } catch (error) {
      return h("div", {}, h("h2", {}, name), problem(error));
    }
  }));
  return [
    many.length ? live.further(trial, context) : null,
    h("div", { class: "curves" }, made),
    many.length > CURVES ? h("p", { class: "faint" }, `and ${count(many.length - CURVES, "metric")} more`) : null,
    made.length ? null : h("p", { class: "faint" }, "each metric has one point: see Recipe"),
  ];
}

async function streams(trial, context, keep) {
  if (trial.status === "running") return live.streams(trial, context, keep);
  return Promise.all(["stdout", "stderr"].map(async (name) => {
    if (!trial[name]) return [h("h2", {}, name), h("p", { class: "faint" }, "nothing")];
    try {
      const found = await context.net.json("stream", { trial: trial.id, name });
      return [h("h2", {}, name), found.skipped ? h("p", { class: "faint" }, `the last of ${size(found.size)}`) : null, h("pre", { tabindex: "0" }, found.text)];
    } catch (error) {
      return [h("h2", {}, name), problem(error)];
    }
  }));
}

function files(trial, context) {
  const part = (title, list) => [
    h("h2", {}, title),
    list.length ? list.slice(0, 1000).map((file) => one(file, context)) : h("p", { class: "faint" }, "none"),
    list.length > 1000 ? h("p", { class: "faint" }, `and ${count(list.length - 1000, "file")} more`) : null,
  ];
  return [part("Outputs", trial.outputs), part("Inputs", trial.inputs)];
}

function one(file, context) {
  const body = h("div", { class: "preview" });
  const element = h("details", { class: "file" },
    h("summary", {}, h("span", { class: "path" }, file.path), h("span", { class: "faint" }, size(file.size)), file.digest ? h("code", { class: "faint" }, short(file.digest)) : null),
    body);
  element.addEventListener("toggle", async () => {
    if (!element.open || body.childNodes.length) return;
    fill(body, h("p", { class: "faint" }, "…"));
    const made = await preview(file, context);
    fill(body, made, file.digest ? h("p", {}, copyable(`ledger cat ${file.digest}`, context.announce), " ", h("a", { href: context.link("input", file.digest) }, "who else read it")) : null);
  });
  return element;
}

function environment(trial) {
  const { environment: found, host } = trial;
  const packages = Object.entries(found.packages ?? {});
  return [
    pairs([
      ["Python", found.python ?? "unknown", ` ${found.implementation ?? ""}`],
      ["platform", found.platform ?? ""],
      ["host", `${host.hostname ?? ""}, ${host.cpu ?? ""} (${host.machine ?? ""})`],
      ...(host.gpus ?? []).map((gpu) => ["GPU", gpu.name]),
      ["digest", h("code", {}, found.digest)],
    ]),
    h("h2", {}, count(packages.length, "package")),
    listing(["distribution", "version"], packages),
  ];
}

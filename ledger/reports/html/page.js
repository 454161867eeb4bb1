"use strict";
(() => {
  const all = (query, from = document) => [...from.querySelectorAll(query)];
  const made = (name, text, fields = {}) => Object.assign(document.createElement(name), { textContent: text, ...fields });

  const theme = document.getElementById("theme");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  // The table: every row, sorted by a column, or only those with a text.
  const table = document.getElementById("table");
  const body = table.tBodies[0];
  let texts = [];
  const read = () => (texts = [...body.rows].map((row) => [row, row.textContent.toLowerCase()]));
  const compare = (a, b) => {
    const x = Number(a), y = Number(b);
    if (a === "" || b === "") return (a === "") - (b === "");
    if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
    return a < b ? -1 : a > b ? 1 : 0;
  };
  const units = { s: 1, min: 60, h: 3600 };
  const key = (text) => {
    const words = text.split(" ");
    if (words.length < 2 || words.length % 2 || !words.every((word, place) => (place % 2 ? word in units : word !== "" && !Number.isNaN(Number(word))))) return text;
    return String(words.reduce((sum, word, place) => (place % 2 ? sum + Number(words[place - 1]) * units[word] : sum), 0));
  };
  const sort = (place, heading) => {
    const down = heading.getAttribute("aria-sort") === "ascending";
    all("th", table).forEach((each) => each.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const keyed = [...body.rows].map((row) => [key(row.cells[place].textContent.trim()), row]);
    keyed.sort(([a], [b]) => (a === "" || b === "" ? compare(a, b) : down ? compare(b, a) : compare(a, b)));
    body.append(...keyed.map(([, row]) => row));
  };
  all("thead th", table).forEach((heading, place) => {
    const button = made("button", heading.textContent, { type: "button" });
    button.addEventListener("click", () => sort(place, heading));
    heading.replaceChildren(button);
  });
  const find = document.getElementById("find");
  const search = () => {
    const wanted = find.value.toLowerCase();
    let count = 0;
    for (const [row, text] of texts) count += !(row.hidden = !text.includes(wanted));
    document.getElementById("found").textContent = wanted ? `${count} of ${texts.length}` : "";
  };
  find.addEventListener("input", search);
  document.getElementById("finder").hidden = false;
  const unpack = async (block) => {
    const bytes = Uint8Array.from(atob(block.textContent), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    for (const cells of JSON.parse(await new Response(stream).text())) {
      const row = body.insertRow();
      for (const cell of cells) row.insertCell().textContent = cell;
    }
    document.getElementById("more").hidden = true;
  };
  const rest = document.getElementById("rest");
  read();
  if (rest && "DecompressionStream" in window) unpack(rest).then(() => (read(), search()));

  // One curve stands out, in all drawings.
  const plots = all(".plot, .legend");
  const show = (name) => {
    plots.forEach((each) => each.classList.toggle("some", name !== null && each.querySelector(`[data-curve="${name}"]`) !== null));
    all("[data-curve]").forEach((each) => each.classList.toggle("on", each.dataset.curve === name));
  };
  all("[data-curve]").forEach((each) => {
    for (const event of ["pointerenter", "focus"]) each.addEventListener(event, () => show(each.dataset.curve));
    for (const event of ["pointerleave", "blur"]) each.addEventListener(event, () => show(null));
  });

  all(".copy").forEach((code) => {
    const button = made("button", "copy", { type: "button" });
    button.setAttribute("aria-label", `copy: ${code.textContent}`);
    button.addEventListener("click", () => {
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
      button.textContent = "copied";
    });
    code.after(" ", button);
  });

  // A proof as a file of its own.
  all('script[type="application/vnd.ledger.proof+json"]').forEach((block) => {
    const id = block.id.replace("proof-", "");
    const place = document.getElementById(`t-${id}`);
    if (!place) return;
    const button = made("button", "save the proof", { type: "button" });
    button.addEventListener("click", () => {
      const url = URL.createObjectURL(new Blob([block.textContent + "\n"], { type: "application/json" }));
      made("a", "", { href: url, download: `proof-${id}.json` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60000);
    });
    place.append(button);
  });

  const reach = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") target.open = true;
  };
  addEventListener("hashchange", reach);
  reach();
  addEventListener("beforeprint", () => all("details").forEach((each) => (each.open = true)));
})();

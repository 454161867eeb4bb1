// A note's Markdown comes from the server as HTML that does nothing. It is not believed here: it is read into a
// document that runs and loads nothing, and what is shown is built anew of what may be in a note.

const ELEMENTS = new Set([
  "p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "span", "h3", "h4", "h5", "h6",
  "table", "thead", "tbody", "tr", "th", "td",
]);
const CLASSES = { th: /^(left|center|right)$/, td: /^(left|center|right)$/, span: /^image$/, code: /^language-[\w+#.-]{1,40}$/ };
const SCHEMES = new Set(["http:", "https:", "mailto:"]);
const DEEPEST = 100; // elements within each other; deeper ones are their text

/** @param {string} html @returns {DocumentFragment} */
export function markup(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const made = document.createDocumentFragment();
  copy(parsed.body, made, 0);
  return made;
}

function copy(from, to, depth) {
  for (const each of from.childNodes) {
    if (each.nodeType === Node.TEXT_NODE) to.append(each.data);
    else if (each.nodeType === Node.ELEMENT_NODE) {
      const made = depth < DEEPEST ? element(each) : null;
      if (made === null) to.append(each.textContent);
      else {
        copy(each, made, depth + 1);
        to.append(made.localName === "table" ? wide(made) : made);
      }
    }
  }
}

/** The same element with what of its attributes may stay; null for one that may not be there. */
function element(found) {
  const tag = found.localName;
  if (!ELEMENTS.has(tag) || found.namespaceURI !== document.body.namespaceURI) return null;
  const made = document.createElement(tag);
  const name = found.getAttribute("class") ?? "";
  if (CLASSES[tag]?.test(name)) made.className = name;
  if (tag === "ol" && /^\d{1,9}$/.test(found.getAttribute("start") ?? "")) made.setAttribute("start", found.getAttribute("start"));
  if (tag === "pre") made.tabIndex = 0; // it may scroll, and then the keyboard has to reach it
  if (tag === "a") link(found, made);
  return made;
}

function link(found, made) {
  if (found.hasAttribute("title")) made.title = found.getAttribute("title");
  try {
    const url = new URL(found.getAttribute("href") ?? "");
    if (!SCHEMES.has(url.protocol)) return;
    made.href = url.href;
    made.rel = "noopener noreferrer nofollow";
    made.target = "_blank";
  } catch {
    return; // what is no whole address stays text
  }
}

function wide(table) {
  table.className = "plain";
  const made = document.createElement("div");
  made.className = "wide";
  made.tabIndex = 0;
  made.append(table);
  return made;
}

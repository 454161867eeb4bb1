// Elements are made of text nodes and attributes: nothing that was recorded is ever read as markup.

/**
 * @param {string} tag
 * @param {Record<string, any>} [properties] `class`, `on…`, `aria-…`, `data-…` and attributes
 * @param {...(Node | string | number | null | undefined | false | any[])} children
 */
export function h(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else if (name === "value" || name === "checked" || name === "disabled") made[name] = value;
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  append(made, children);
  return made;
}

function append(parent, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(parent, child);
    else parent.append(child instanceof Node ? child : String(child));
  }
}

/** Replace all that is in an element. */
export function fill(parent, ...children) {
  parent.replaceChildren();
  append(parent, children);
  return parent;
}

/** What an error says: what, why, and what helps. @param {Error & {cause?: any, hint?: any}} error */
export function problem(error) {
  return h(
    "div",
    { class: "problem", role: "alert" },
    h("p", {}, h("strong", {}, "error: "), error.message),
    error.cause ? h("p", { class: "cause" }, h("strong", {}, "cause: "), String(error.cause)) : null,
    error.hint ? h("p", {}, h("strong", {}, "hint: "), String(error.hint)) : null,
  );
}

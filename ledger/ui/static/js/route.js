// The fragment of the address holds all of the page's state: #/VIEW/ID?key=value.

/** @typedef {{view: string, id: string, query: URLSearchParams}} Route */

/** @param {string} fragment @returns {Route} */
export function parse(fragment) {
  const [path, query = ""] = fragment.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [view, ...rest] = path.split("/");
  return { view: view || "trials", id: decoded(rest.join("/")), query: new URLSearchParams(query) };
}

/** @param {string} view @param {string} id @param {URLSearchParams | Record<string, string>} query */
export function format(view, id = "", query = {}) {
  const parameters = new URLSearchParams(query);
  for (const [key, value] of [...parameters]) if (value === "") parameters.delete(key);
  const text = parameters.toString();
  return `#/${view}${id ? `/${encodeURIComponent(id)}` : ""}${text ? `?${text}` : ""}`;
}

/** The same place with some of its query changed; null takes a key out. @param {Route} route */
export function changed(route, changes) {
  const query = new URLSearchParams(route.query);
  for (const [key, value] of Object.entries(changes))
    if (value === null || value === undefined || value === "") query.delete(key);
    else query.set(key, String(value));
  return format(route.view, route.id, query);
}

/** What an encoded part of an address says; as it is, where it is not encoded. */
export function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// What is asked of the server. All addresses are beneath the one with the token, which the page came from.

import "../vendor/flechette/flechette.min.js";

const flechette = globalThis.fl;
const base = new URL(".", document.baseURI);

/** What the server, or the way to it, has against a question. */
export class AskError extends Error {
  /** @param {{error: string, cause?: string | null, hint?: string | null}} document */
  constructor(document) {
    super(document.error);
    this.cause = document.cause ?? null;
    this.hint = document.hint ?? null;
  }
}

/** @param {string} name @param {Record<string, string | number | null | undefined>} query */
function address(name, query) {
  const url = new URL(`data/${name}`, base);
  for (const [key, value] of Object.entries(query))
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(key, String(value));
  return url;
}

async function ask(url, options = {}) {
  let answer;
  try {
    answer = await fetch(url, { credentials: "omit", redirect: "error", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new AskError({
      error: "the server does not answer",
      cause: "it was stopped, or this address is of an earlier start",
      hint: "start it again: ledger ui",
    });
  }
  if (answer.ok) return answer;
  const isDocument = (answer.headers.get("content-type") ?? "").startsWith("application/json");
  throw new AskError(isDocument ? await answer.json() : { error: (await answer.text()).trim() });
}

export const net = {
  /** A JSON document. @returns {Promise<any>} */
  async json(name, query = {}, options = {}) {
    return (await ask(address(name, query), options)).json();
  },
  /** An Arrow table, as flechette reads it. */
  async arrow(name, query = {}, options = {}) {
    const answer = await ask(address(name, query), options);
    return flechette.tableFromIPC(await answer.arrayBuffer());
  },
  /** Where the bytes of an image are. @param {string} digest */
  image(digest) {
    return new URL(`object/${digest}`, base).href;
  },
  /** Have the server write something. @param {string} name @param {object} document @returns {Promise<any>} */
  async post(name, document) {
    const headers = { "Content-Type": "application/json", "X-Ledger-Token": base.pathname.split("/")[1] };
    return (await ask(new URL(name, base), { method: "POST", headers, body: JSON.stringify(document) })).json();
  },
  /** Whether it writes: `ledger ui --write`. */
  writes: document.querySelector('meta[name="ledger-write"]')?.content === "yes",
  base,
};

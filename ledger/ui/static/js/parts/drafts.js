// What is being written stays in the tab's session: a reload, an error or another view loses none of it.

const PREFIX = "ledger.note:";

/** Drafts about one subject: texts by what they are for (a new note, the correction of one), and which is open.
 * @typedef {{open: string, texts: Record<string, object>}} Kept */

/** @param {string} key of the subject @returns {Kept} */
export function kept(key) {
  try {
    const found = JSON.parse(sessionStorage.getItem(PREFIX + key));
    if (found && typeof found.open === "string" && typeof found.texts === "object") return found;
  } catch {
    return { open: "", texts: {} }; // none, or a browser that keeps nothing: then it lasts as long as the view
  }
  return { open: "", texts: {} };
}

/** @param {string} key @param {Kept} drafts */
export function keep(key, drafts) {
  try {
    if (!drafts.open && !Object.keys(drafts.texts).length) sessionStorage.removeItem(PREFIX + key);
    else sessionStorage.setItem(PREFIX + key, JSON.stringify(drafts));
  } catch {
    return; // full, or forbidden
  }
}

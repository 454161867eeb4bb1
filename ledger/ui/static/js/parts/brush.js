// A brush is a filter: what is asked of each axis, written in the grammar of the command line.

/** @typedef {{low?: number, high?: number, values?: any[], null?: boolean}} Asked */

/** The test, or the tests, of one axis. @param {string} name as a filter calls it @param {Asked} asked */
export function tests(name, asked) {
  if (asked.null) return [`${name} is null`];
  if (asked.values) {
    const values = asked.values.map(literal);
    return values.length === 1 ? [`${name} = ${values[0]}`] : values.length ? [`${name} in (${values.join(", ")})`] : [];
  }
  const found = [];
  if (Number.isFinite(asked.low)) found.push(`${name} >= ${asked.low}`);
  if (Number.isFinite(asked.high)) found.push(`${name} <= ${asked.high}`);
  return found;
}

function literal(value) {
  return typeof value === "string" ? `"${value.replaceAll('"', '""')}"` : String(value);
}

/**
 * The whole filter once an axis is asked something else; null: nothing.
 * @param {{text: string, axes: Record<string, Asked>, rest: boolean}} now @param {string} name @param {Asked | null} asked
 */
export function changed(now, name, asked) {
  const own = asked ? tests(name, asked) : [];
  // What no axis shows is kept, as long as this axis has no say in it yet.
  if (now.rest && !(name in now.axes)) return [`(${now.text})`, ...own].join(" and ");
  const axes = { ...now.axes, [name]: asked };
  return Object.entries(axes).flatMap(([each, its]) => (its ? tests(each, its) : [])).join(" and ");
}

/** Four digits, which is as fine as a hand is. */
export function rounded(value) {
  return Number(value.toPrecision(4));
}

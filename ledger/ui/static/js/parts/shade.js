// The colour of a value among those that are shown.

/**
 * @param {import("./columns.js").Column} column
 * @param {Uint32Array} rows that are shown
 * @returns {(value: any) => string | null} a colour; null where there is no number
 */
export function shades(column, rows) {
  const ranks = column.ranks();
  let low = Infinity;
  let high = -Infinity;
  for (const row of rows) {
    const value = ranks[row];
    if (value < low && value !== -Infinity) low = value;
    if (value > high && value !== Infinity) high = value;
  }
  return (value) => {
    if (value === null || value === undefined || Number.isNaN(value) || low > high) return null;
    return shade(high === low ? 0.5 : Math.min(1, Math.max(0, (value - low) / (high - low))));
  };
}

/** From pale to full of one hue, readable with dark text in either theme. */
function shade(share) {
  return `hsl(${Math.round(210 - 170 * share)} 75% ${Math.round(86 - 16 * share)}%)`;
}

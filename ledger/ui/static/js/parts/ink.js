// Colours of drawings: those of the page's theme, and a scale from good to bad.

/** A custom property of the page, as it is now. @param {string} name */
export function ink(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function isDark() {
  const said = document.documentElement.dataset.theme;
  return said ? said === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** From the best (0) to the worst (1): blue, violet, red, orange; and paler, for eyes that see no hues. */
export function shade(share, alpha = 1) {
  const light = isDark() ? 78 - 34 * share : 34 + 26 * share;
  return `hsl(${Math.round(222 + 168 * share) % 360} ${Math.round(70 + 15 * share)}% ${Math.round(light)}% / ${alpha})`;
}

/** Call `draw` when the theme changes; returns a function that ends that. */
export function onTheme(draw) {
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  addEventListener("themed", draw);
  scheme.addEventListener("change", draw);
  return () => {
    removeEventListener("themed", draw);
    scheme.removeEventListener("change", draw);
  };
}

/** Make a canvas as sharp as the screen is; returns its context, in CSS pixels. */
export function sharp(canvas, width, height) {
  const ratio = Math.min(3, devicePixelRatio || 1);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = "11px system-ui, sans-serif";
  return pen;
}

/** A text no wider than so many pixels. */
export function fitted(pen, words, width) {
  if (pen.measureText(words).width <= width) return words;
  let end = words.length;
  while (end > 1 && pen.measureText(`${words.slice(0, end)}…`).width > width) end--;
  return `${words.slice(0, end)}…`;
}

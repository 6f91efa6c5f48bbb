// A shape for each verdict, so that nobody has to tell colours apart. Filled with a tick: checked proof. Outlined: likely.

import { s } from "./dom.js";

/** @type {Record<string, () => SVGElement[]>} on a field of 24×24; colours come from the style sheet. */
const DRAWN = {
  "ai-generated": () => [s("path", { class: "solid", d: "M3 3h18v18H3z" }), tick()],
  "likely-ai": () => [s("path", { class: "open", d: "M12 3.6 21.4 20H2.6z" })],
  inconclusive: () => [
    s("path", { class: "half", d: "M12 2v20L2 12z" }),
    s("path", { class: "line", d: "M12 2.6 21.4 12 12 21.4 2.6 12z" }),
  ],
  "likely-real": () => [s("circle", { class: "open", cx: 12, cy: 12, r: 9 })],
  "camera-verified": () => [s("circle", { class: "solid", cx: 12, cy: 12, r: 10 }), tick()],
  waiting: () => [s("circle", { class: "line dotted", cx: 12, cy: 12, r: 9 })],
  checking: () => [s("circle", { class: "line faint", cx: 12, cy: 12, r: 9 }), s("path", { class: "line spin", d: "M12 3a9 9 0 0 1 9 9" })],
  failed: () => [s("path", { class: "line", d: "M5 5l14 14M19 5 5 19" })],
  ai: () => [s("path", { class: "solid", d: "M12 4 21 20H3z" })],
  real: () => [s("circle", { class: "solid", cx: 12, cy: 12, r: 8.5 })],
  none: () => [s("path", { class: "line", d: "M5 12h14" })],
};

function tick() {
  return s("path", { class: "tick", d: "M7.2 12.4l3.2 3.2 6.4-7" });
}

/**
 * The shape for a verdict, a state, or the side that a finding speaks for. Words always stand beside it.
 *
 * @param {string} name
 */
export function shape(name) {
  return s("svg", { viewBox: "0 0 24 24", class: `shape shape-${name}`, "aria-hidden": "true", focusable: "false" }, ...DRAWN[name]());
}

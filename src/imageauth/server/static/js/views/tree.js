// Plain data of any shape as nested lists. All of it may come from a hostile file: it is shown as text, bounded, folded.

import { fill, h } from "../dom.js";
import { printable } from "../escaping.js";

const DEEPEST = 10;
const MOST_ENTRIES = 100;
const LONG = 280;
/** The JSON has all of it. */
const LONGEST = 20_000;

/**
 * @param {import("../i18n.js").Words} words
 * @param {Record<string, any> | any[]} data
 * @param {number} [depth]
 * @returns {HTMLElement}
 */
export function tree(words, data, depth = 0) {
  const pairs = Object.entries(data).filter(([, value]) => !isEmpty(value));
  const list = h("dl.tree");
  for (const [key, value] of pairs.slice(0, MOST_ENTRIES)) {
    list.append(h("dt", null, Array.isArray(data) ? `${Number(key) + 1}` : name(words, key)), h("dd", null, shown(words, value, depth)));
  }
  if (pairs.length > MOST_ENTRIES) list.append(h("dt", null, "…"), h("dd.soft", null, words.t("tree.more", { count: pairs.length - MOST_ENTRIES })));
  return list;
}

/** @param {unknown} value */
function isEmpty(value) {
  return value === null || value === undefined || value === "" || (typeof value === "object" && !Object.keys(/** @type {object} */ (value)).length);
}

/** @param {import("../i18n.js").Words} words @param {string} key */
function name(words, key) {
  return words.has(`key.${key}`) ? words.t(`key.${key}`) : printable(key.slice(0, 100)).replaceAll("_", " ");
}

/** @param {import("../i18n.js").Words} words @param {any} value @param {number} depth @returns {Node} */
function shown(words, value, depth) {
  if (typeof value === "boolean") return h("span", null, words.t(value ? "yes" : "no"));
  if (typeof value === "number") return h("span.number", null, String(value));
  if (typeof value === "string") return text(words, value);
  if (Array.isArray(value) && value.every((item) => typeof item !== "object") && value.join(", ").length < LONG) {
    return h("bdi", null, value.map((item) => printable(item)).join(", "));
  }
  if (depth >= DEEPEST) return h("span.soft", null, words.t("tree.deeper"));
  return tree(words, value, depth + 1);
}

/**
 * A text; a long one is folded, and shown whole when it is asked for.
 *
 * @param {import("../i18n.js").Words} words
 * @param {string} value
 */
function text(words, value) {
  const whole = printable(value.slice(0, LONGEST), { lines: true });
  if (value.length <= LONG) return h("bdi.text", null, whole);
  const start = printable([...value.slice(0, LONG)].slice(0, -1).join(""), { lines: true });
  const left = value.length > LONGEST ? ` … ${words.t("tree.cut", { count: value.length - LONGEST })}` : "";
  const box = h("div");
  const draw = (/** @type {boolean} */ open) =>
    fill(
      box,
      h("bdi.text", null, open ? whole + left : `${start}…`),
      h("button.quiet.small", { type: "button", "data-key": "fold", "aria-expanded": String(open), onclick: () => draw(!open) }, words.t(open ? "tree.fold" : "tree.unfold", { count: value.length })),
    );
  draw(false);
  return box;
}

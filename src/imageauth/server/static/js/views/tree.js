// Plain data of any shape as nested lists. All of it may come from a hostile file: it is shown as text, bounded, folded.

import { fill, h } from "../dom.js";
import { printable } from "../escaping.js";

const DEEPEST = 10;
const MOST_ENTRIES = 100;
const SHORT = 60;
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
    const [label, rest] = Array.isArray(data) ? headed(key, value) : [name(words, key), value];
    list.append(h("dt", null, label), h("dd", null, shown(words, rest, depth)));
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

/**
 * One of a list: named by its first value where that is short, and on one line if there is little else.
 *
 * @param {string} at its place.
 * @param {any} value
 * @returns {[string, any]}
 */
function headed(at, value) {
  const number = String(Number(at) + 1);
  if (value === null || typeof value !== "object" || Array.isArray(value)) return [number, value];
  const [first, ...rest] = Object.entries(value).filter(([, one]) => !isEmpty(one));
  if (typeof first?.[1] !== "string" || first[1].length > SHORT || !rest.length) return [number, value];
  const plain = rest.every(([, one]) => typeof one === "string" && one.length <= SHORT) && rest.length <= 2;
  return [printable(first[1]), plain ? rest.map(([, one]) => one).join("; ") : Object.fromEntries(rest)];
}

/** @param {import("../i18n.js").Words} words @param {any} value @param {number} depth @returns {Node} */
function shown(words, value, depth) {
  if (typeof value === "boolean") return h("span", null, words.t(value ? "yes" : "no"));
  if (typeof value === "number") return h("span.number", null, rounded(value));
  if (typeof value === "string") return text(words, value);
  if (Array.isArray(value) && value.every((item) => typeof item !== "object") && value.join(", ").length < LONG) {
    return h("bdi", null, value.map((item) => (typeof item === "number" ? rounded(item) : printable(item))).join(", "));
  }
  if (depth >= DEEPEST) return h("span.soft", null, words.t("tree.deeper"));
  return tree(words, value, depth + 1);
}

/** To four digits behind the point: the JSON has all. @param {number} value */
function rounded(value) {
  return Number.isInteger(value) ? String(value) : String(Number(value.toFixed(4)));
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

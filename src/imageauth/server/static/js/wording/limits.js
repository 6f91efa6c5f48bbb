// The limits that a report names. They are English sentences without codes; those that every version says are known by
// their own words, which stand in strings/en.json, and said in the reader's language. Others are shown as they are.

import { printable } from "../escaping.js";

/** @type {Promise<Record<string, string>> | null} */
let english = null;

/**
 * @param {import("../i18n.js").Words} words
 * @param {string} sentence
 * @returns {Promise<import("./finding.js").Said>}
 */
export async function limit(words, sentence) {
  const own = { text: printable(sentence), language: "en" };
  if (words.language === "en") return own;
  english ??= fetch(new URL("strings/en.json", document.baseURI)).then((answer) => answer.json());
  for (const [key, pattern] of Object.entries(await english)) {
    if (!key.startsWith("limit.") || !words.has(key)) continue;
    const found = matcher(pattern).exec(sentence);
    if (found) return { text: words.t(key, numbers(found.groups ?? {})), language: words.language };
  }
  return own;
}

/** Of sentences with something put in for `{name}`. @param {string} pattern */
function matcher(pattern) {
  const escaped = pattern.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{(\w+)\}/g, "(?<$1>.{1,80}?)");
  return new RegExp(`^${escaped}$`, "u");
}

/** Numbers are written as the language does. @param {Record<string, string>} groups @returns {import("../i18n.js").Params} */
function numbers(groups) {
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, /^\d+(\.\d+)?$/.test(value) ? Number(value) : printable(value)]));
}

// Words in the reader's language. All of them stand in strings/<language>.json.

import { recall, remember } from "./storage.js";

export const LANGUAGES = /** @type {const} */ ({
  en: "English",
  de: "Deutsch",
});

const KEPT = "imageauth.language";

/** @typedef {Record<string, string | number>} Params */

/** Fires `change` when the language did. */
export class Words extends EventTarget {
  language = "en";
  /** @type {Record<string, string>} */
  strings = {};
  /** @type {Intl.PluralRules} */
  plural = new Intl.PluralRules("en");
  /** @type {Intl.NumberFormat} */
  number = new Intl.NumberFormat("en");

  /**
   * Load a language and tell everyone.
   *
   * @param {string} language
   */
  async use(language) {
    const answer = await fetch(new URL(`strings/${language}.json`, document.baseURI));
    if (!answer.ok) throw new Error(`strings/${language}.json: ${answer.status}`);
    this.strings = await answer.json();
    this.language = language;
    this.plural = new Intl.PluralRules(language);
    this.number = new Intl.NumberFormat(language);
    document.documentElement.lang = language;
    this.dispatchEvent(new Event("change"));
  }

  /** Whether there are words for a key. @param {string} key */
  has(key) {
    return Object.hasOwn(this.strings, key);
  }

  /**
   * The words for a key. With a `count` the form that the language uses for it: `key.one`, `key.other`, and where it has
   * more of them `key.zero`, `key.two`, `key.few`, `key.many`.
   *
   * @param {string} key
   * @param {Params} [params] put in for `{name}`; numbers are written as the language does.
   * @returns {string}
   */
  t(key, params = {}) {
    const form = typeof params.count === "number" ? `${key}.${this.plural.select(params.count)}` : key;
    const text = this.strings[form] ?? this.strings[`${key}.other`] ?? this.strings[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (whole, name) => {
      const value = params[name];
      return value === undefined ? whole : typeof value === "number" ? this.number.format(value) : value;
    });
  }

  /**
   * Several things in one phrase, such as “a, b or c”.
   *
   * @param {string[]} items
   * @param {"conjunction" | "disjunction"} type
   */
  list(items, type = "conjunction") {
    return new Intl.ListFormat(this.language, { type }).format(items);
  }

  /** Put words into elements that name their key. @param {ParentNode} root */
  apply(root) {
    for (const element of root.querySelectorAll("[data-t]")) {
      element.textContent = this.t(/** @type {string} */ (element.getAttribute("data-t")));
    }
  }
}

/** The language to begin with: the one chosen before, else the browser's, else English. */
export function preferredLanguage() {
  const known = Object.keys(LANGUAGES);
  const wanted = [recall("localStorage", KEPT), ...(navigator.languages ?? [navigator.language])];
  return wanted.map((tag) => (tag ?? "").toLowerCase().split("-")[0]).find((tag) => known.includes(tag)) ?? "en";
}

/** @param {string} language */
export function rememberLanguage(language) {
  remember("localStorage", KEPT, language);
}

/** @param {Words} words @param {number} bytes */
export function size(words, bytes) {
  const units = ["B", "kB", "MB", "GB"];
  let at = 0;
  let value = bytes;
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000;
    at += 1;
  }
  const digits = at && value < 10 ? 1 : 0;
  return `${new Intl.NumberFormat(words.language, { maximumFractionDigits: digits }).format(value)} ${units[at]}`;
}

// Reports leave the page: as JSON, and as text to paste.

import { h } from "./dom.js";
import { REPORT_SCHEMA, exported } from "./report.js";
import { plainText } from "./wording/text.js";

/**
 * Save reports as a file: one as `imageauth check --json` prints it, several as the API answers.
 *
 * @param {import("./items.js").Item[]} items
 */
export function saveJson(items) {
  const answers = items.map(answerOf).filter((answer) => answer !== null);
  if (!answers.length) return;
  const data = answers.length === 1 ? answers[0] : { schema: "imageauth/checks/1", results: answers };
  save(savedName(items, "json"), new Blob([JSON.stringify(data, null, 1)], { type: "application/json" }));
}

/**
 * Copy reports as text without links.
 *
 * @param {import("./i18n.js").Words} words
 * @param {import("./items.js").Item[]} items
 * @returns {Promise<boolean>} whether the browser let us.
 */
export async function copyText(words, items) {
  const text = (await Promise.all(items.map((item) => plainText(words, item)))).filter(Boolean).join("\n\n");
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** For pages that are not served securely, where there is no clipboard to ask. @param {string} text */
function copyBySelection(text) {
  const area = h("textarea.unseen", { readonly: true, value: text });
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return done;
}

/** @param {import("./items.js").Item} item */
function answerOf(item) {
  if (item.report) return exported(item.report);
  if (!item.problem) return null;
  return { schema: REPORT_SCHEMA, file: item.name, error: { code: item.problem.code, message: item.problem.said || item.problem.code } };
}

/** What a report is called on the reader's disk. @param {import("./items.js").Item[]} items @param {string} form */
export function savedName(items, form) {
  const name = items.length === 1 ? items[0].name.split("/").pop()?.replace(/[^\p{L}\p{N}._ -]/gu, "_") : "imageauth";
  return `${name}.report.${form}`;
}

/** @param {string} name @param {Blob} content */
export function save(name, content) {
  const url = URL.createObjectURL(content);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

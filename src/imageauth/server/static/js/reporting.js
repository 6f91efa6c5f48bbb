// Reports that the server writes, to keep: as a page or a PDF. It keeps no pictures, so each is sent to it once more.

import { h } from "./dom.js";
import { save, savedName } from "./exporting.js";
import { Problem } from "./problem.js";
import { problemWords } from "./wording/problem.js";

/** @typedef {import("./items.js").Item} Item */

/**
 * Buttons for the forms that the server can write of these pictures; none for pictures that stay in this page.
 *
 * @param {import("./app.js").App} app
 * @param {Item[]} items
 * @param {Record<string, string>} labels by form, keys of the words on the buttons.
 * @returns {HTMLElement[]}
 */
export function reportButtons(app, items, labels) {
  const { config, words } = app;
  const most = config.limits?.max_files ?? Infinity;
  if (!config.server || app.where !== "server" || !items.length || items.length > most) return [];
  if (items.some((item) => item.where !== "server")) return [];
  const title = words.t("report.about", { host: location.host });
  return config.exports.filter((form) => form in labels).map((form) => {
    const key = labels[form];
    const button = h("button.quiet", { type: "button", "data-key": key, title, onclick: () => saveReport(app, items, form, button) }, words.t(key));
    return button;
  });
}

/**
 * @param {import("./app.js").App} app
 * @param {Item[]} items
 * @param {string} form
 * @param {HTMLElement} button
 */
async function saveReport(app, items, form, button) {
  const { words } = app;
  // Since it was drawn, private mode may have come on: nothing is sent any more.
  if (app.where !== "server" || button.getAttribute("aria-disabled") === "true") return;
  const label = button.textContent;
  const say = (/** @type {string} */ text) => {
    button.textContent = text;
    app.announce(text);
  };
  button.setAttribute("aria-disabled", "true");
  say(words.t("report.sending"));
  try {
    save(savedName(items, form), await app.report(items, form));
    say(words.t("report.saved"));
  } catch (error) {
    const problem = error instanceof Problem ? error : new Problem("page-error");
    say(problemWords(app, problem).text);
  }
  setTimeout(() => {
    button.textContent = label;
    button.removeAttribute("aria-disabled");
  }, 4000);
}

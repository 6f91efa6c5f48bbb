// What a verdict is called, and the sentence on why it was reached.

import { printable } from "../escaping.js";

/**
 * The verdict in words. Some rules say it of a part of the picture only.
 *
 * @param {import("../i18n.js").Words} words
 * @param {import("../report.js").Report} report
 */
export function headline(words, report) {
  const part = `verdict.${report.verdict}.part`;
  return words.t(report.reason.endsWith("-part") && words.has(part) ? part : `verdict.${report.verdict}`);
}

/**
 * Why, by the rule of the policy that decided. A rule that this page does not know yet is told in the report's own words.
 *
 * @param {import("../i18n.js").Words} words
 * @param {import("../report.js").Report} report
 * @returns {import("./finding.js").Said}
 */
export function reason(words, report) {
  const key = `reason.${report.reason}`;
  if (words.has(key)) return { text: words.t(key), language: words.language };
  return { text: printable(report.summary), language: "en" };
}

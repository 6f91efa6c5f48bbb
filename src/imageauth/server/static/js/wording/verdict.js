// What a verdict is called, and the sentence on why it was reached.

import { printable } from "../escaping.js";
import { ofHundred } from "./chance.js";

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
 * Why, by the rule of the policy that decided. A rule that this page does not know yet is told in the report's own words,
 * and so is one that a plug-in may have made fit: what plug-ins declare the file does not say.
 *
 * @param {import("../i18n.js").Words} words
 * @param {import("../report.js").Report} report
 * @returns {import("./finding.js").Said}
 */
export function reason(words, report) {
  const key = `reason.${report.reason}`;
  if (words.has(key) && !hasPluginsWord(report)) return { text: words.t(key), language: words.language };
  return { text: printable(report.summary), language: "en" };
}

/** Whether a plug-in says something that may weigh. @param {import("../report.js").Report} report */
function hasPluginsWord(report) {
  return report.evidence.some((item) => item.source === "plugin" && item.points_to !== "none");
}

/** Rules in which the pixels have the last word; in all others something weighs more than they do. */
const BY_PIXELS = new Set(["statistics-ai", "statistics-real", "statistics-ai-against-declaration", "statistics-disagree", "pixels-unstable", "no-decisive-evidence"]);

/** @param {import("../report.js").Report} report */
export function isByPixels(report) {
  return BY_PIXELS.has(report.reason);
}

/**
 * How sure, or on what grounds, in a few words.
 *
 * @param {import("../i18n.js").Words} words
 * @param {import("../report.js").Report} report
 */
export function grounds(words, report) {
  if (!isByPixels(report)) {
    if (report.verdict === "inconclusive") return words.t("grounds.disagree");
    if (report.reason.startsWith("proof")) return words.t("grounds.proof");
    return words.t(hasPluginsWord(report) ? "grounds.unproven" : "grounds.declared");
  }
  if (report.reason === "pixels-unstable") return words.t("grounds.unstable");
  if (report.probability === null) return words.t("chance.no");
  return words.t("chance.short", { count_of_100: ofHundred(words, report.probability) });
}

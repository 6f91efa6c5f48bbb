// A report as plain text, in the form of `imageauth check --explain`, without links.

import { printable, withoutLinks } from "../escaping.js";
import { percent } from "./chance.js";
import { finding, pointing } from "./finding.js";
import { limit } from "./limits.js";
import { headline, reason } from "./verdict.js";

/** The marks of `imageauth.rendering.text`. */
const MARKS = { "ai-generated": "■", "likely-ai": "▲", inconclusive: "?", "likely-real": "○", "camera-verified": "✓" };

/**
 * @param {import("../i18n.js").Words} words
 * @param {import("../items.js").Item} item
 * @returns {Promise<string>} empty where there is no report.
 */
export async function plainText(words, { report, name }) {
  if (!report) return "";
  const chance = report.probability === null ? "–" : percent(report.probability);
  const limits = await Promise.all(report.limits.map((sentence) => limit(words, sentence)));
  const lines = [
    `${MARKS[report.verdict]} ${headline(words, report)} (${report.verdict})  ${words.t("text.chance", { percent: chance })}  ${printable(name)}`,
    `  ${reason(words, report).text}`,
    ...report.evidence.map((item) => `  - ${words.t(`source-of.${item.source}`)} (${pointing(words, item.points_to, item.strength)}): ${finding(words, item).text}`),
    ...limits.map(({ text }) => `  ! ${text}`),
    `  ${report.format}, ${report.width}×${report.height}, sha256 ${report.sha256}`,
    `  imageauth ${report.produced_by.imageauth ?? ""}; ${report.produced_by.model ?? words.t("produced.no-model")}`,
    ...(report.produced_by.plugins ? [`  ${words.t("produced.plugins")}: ${printable(report.produced_by.plugins)}`] : []),
  ];
  return withoutLinks(lines.join("\n"));
}

// Findings, each a sentence that opens to what it rests on.

import { fill, h } from "../dom.js";
import { printable } from "../escaping.js";
import { shape } from "../shapes.js";
import { finding, pointing } from "../wording/finding.js";
import { tree } from "./tree.js";

/**
 * @param {import("../i18n.js").Words} words
 * @param {import("../report.js").Report} report
 */
export function evidence(words, report) {
  const section = h("section.evidence", null, h("h4", null, words.t("evidence.title")));
  if (!report.evidence.length) section.append(h("p", null, words.t("evidence.none")));
  else section.append(h("ul", null, ...byWeight(report.evidence).map((item) => h("li", null, one(words, item)))));
  return section;
}

const WEIGHTS = ["proof", "declared", "statistical", "none"];

/** What weighs most comes first. @param {import("../report.js").Evidence[]} evidence */
function byWeight(evidence) {
  const weight = (/** @type {import("../report.js").Evidence} */ item) => WEIGHTS.indexOf(item.points_to === "none" ? "none" : item.strength);
  return [...evidence].sort((a, b) => weight(a) - weight(b));
}

/** @param {import("../i18n.js").Words} words @param {import("../report.js").Evidence} item */
function one(words, item) {
  const said = finding(words, item);
  const points = ["ai", "real"].includes(item.points_to) ? item.points_to : "none";
  const inside = h("div.evidence-detail");
  const details = h(
    "details",
    { "data-points": points, "data-strength": item.strength },
    h(
      "summary",
      null,
      shape(points),
      h(
        "span.evidence-words",
        null,
        h("span.evidence-source", null, words.t(`source-of.${item.source}`), " · ", pointing(words, points, item.strength)),
        h("span.evidence-finding", { lang: said.language }, said.text),
      ),
    ),
    inside,
  );
  // What is inside is made when it is first asked for: a workflow may have thousands of values.
  details.addEventListener("toggle", () => {
    if (!details.open || inside.firstChild) return;
    fill(
      inside,
      words.has(`about.${item.source}`) ? h("p.soft", null, words.t(`about.${item.source}`)) : null,
      said.text === printable(item.finding) ? null : h("p.soft", null, words.t("evidence.original"), " ", h("q", { lang: "en" }, printable(item.finding))),
      Object.keys(item.detail ?? {}).length ? tree(words, item.detail) : h("p.soft", null, words.t("evidence.nothing-more")),
    );
  });
  return details;
}

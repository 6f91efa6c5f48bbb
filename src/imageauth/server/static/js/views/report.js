// All of one report: why, how sure, what it rests on, its limits, and what produced it.

import { h } from "../dom.js";
import { printable } from "../escaping.js";
import { size } from "../i18n.js";
import { pixelAnswer } from "../report.js";
import { limit } from "../wording/limits.js";
import { isByPixels, reason } from "../wording/verdict.js";
import { chance } from "./chance.js";
import { evidence } from "./evidence.js";
import { picture } from "./picture.js";

/**
 * @param {import("../items.js").Item & { report: import("../report.js").Report }} item
 * @param {import("../app.js").App} app
 * @param {{ strength: number, failed: boolean }} heat
 * @returns {Node[]}
 */
export function reportView(item, app, heat) {
  const { words } = app;
  const { report } = item;
  const answer = pixelAnswer(report);
  const unstable = report.evidence.some((found) => found.code === "stability-broken");
  return [
    h("div.report-side", null, picture(item, app, heat)),
    h(
      "div.report-main",
      null,
      answer ? chance(words, answer, { unstable, outweighed: !isByPixels(report) }) : null,
      evidence(words, report),
      limits(words, report),
      h(
        "section.cannot",
        null,
        h("h4", null, words.t("cannot.title")),
        h("ul", null, ...["truth", "who", "mark", "accuse"].map((key) => h("li", null, words.t(`cannot.${key}`)))),
      ),
      produced(item, app),
    ),
  ];
}

/**
 * The answer's reason, and of one that takes no side that it is an answer.
 *
 * @param {import("../app.js").App} app
 * @param {import("../report.js").Report} report
 */
export function lead(app, report) {
  const said = reason(app.words, report);
  const answer = pixelAnswer(report);
  return [
    h("p.lead", { lang: said.language }, said.text),
    report.verdict === "inconclusive" && answer ? undecided(app, answer.model) : null,
  ];
}

/** How many get no clear answer, from the figures of the model that looked. @param {import("../app.js").App} app @param {string} model */
function undecided(app, model) {
  const text = h("p.soft");
  void app.models().then((models) => {
    const decided = models.find((one) => one.name === model)?.decided;
    text.textContent =
      decided === null || decided === undefined
        ? app.words.t("undecided")
        : app.words.t("undecided.share", { n: Math.round((1 - decided) * 100) });
  });
  return text;
}

/** @param {import("../i18n.js").Words} words @param {import("../report.js").Report} report */
function limits(words, report) {
  const list = h("ul");
  for (const sentence of report.limits) {
    const line = h("li", { lang: "en" }, printable(sentence));
    void limit(words, sentence).then(({ text, language }) => {
      line.lang = language;
      line.textContent = text;
    });
    list.append(line);
  }
  return h("section.limits", null, h("h4", null, words.t("limits.title")), list);
}

/** @param {import("../items.js").Item & { report: import("../report.js").Report }} item @param {import("../app.js").App} app */
function produced(item, app) {
  const { words } = app;
  const { report } = item;
  const by = report.produced_by;
  const rows = [
    ["file", printable(item.name)],
    ["picture", `${report.format.toUpperCase()}, ${report.width} × ${report.height}, ${size(words, item.file.size)}`],
    ["sha256", h("code", null, report.sha256)],
    ["rule", h("code", null, `${report.verdict} · ${printable(report.reason)}`)],
    ["imageauth", by.imageauth ?? "–"],
    ["model", by.model ? printable(by.model) : words.t("produced.no-model")],
    ["model-sha256", by.model_sha256 ? h("code", null, by.model_sha256) : null],
    ["policy", by.policy ? printable(by.policy) : null],
    ["policy-sha256", by.policy_sha256 ? h("code", null, by.policy_sha256) : null],
    ["plugins", by.plugins ? printable(by.plugins) : null],
    ["where", words.t(item.where === "private" ? "produced.in-page" : "produced.on-server", { host: location.host })],
    ["at", item.at ? new Intl.DateTimeFormat(words.language, { dateStyle: "long", timeStyle: "medium" }).format(item.at) : null],
  ];
  return h(
    "details.produced",
    null,
    h("summary", null, h("h4", null, words.t("produced.title"))),
    h("dl.tree", null, ...rows.filter(([, value]) => value).flatMap(([key, value]) => [h("dt", null, words.t(`produced.${key}`)), h("dd", null, value)])),
  );
}

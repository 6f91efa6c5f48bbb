// How good the answers are, and what they are not.

import { fill, h } from "../dom.js";
import { printable } from "../escaping.js";
import { VERDICTS } from "../report.js";
import { shape } from "../shapes.js";

/**
 * @param {HTMLElement} section
 * @param {import("../app.js").App} app
 */
export function aboutView(section, app) {
  const { words } = app;
  const draw = async () => {
    const models = h("div.models");
    fill(
      section,
      h("h2", { id: "about-title" }, words.t("about.title")),
      h("div.about-text", null, h("p", null, words.t("about.how")), h("p", null, words.t("about.errors"))),
      h("h3", null, words.t("about.verdicts")),
      h("dl.verdicts", null, ...VERDICTS.flatMap((name) => [h("dt", { "data-verdict": name }, shape(name), words.t(`verdict.${name}`)), h("dd", null, words.t(`meaning.${name}`))])),
      models,
      h("p.soft", null, words.t("about.version", { version: app.config.version }), app.config.server ? " · " : null, app.config.server ? h("a", { href: "docs" }, words.t("about.api")) : null),
    );
    const known = await app.models();
    if (known.length) fill(models, h("h3", null, words.t("about.models")), ...known.map((model) => figures(words, model)));
  };
  words.addEventListener("change", draw);
  void draw();
}

/** @param {import("../i18n.js").Words} words @param {import("../models.js").Model} model */
function figures(words, model) {
  const rows = /** @type {const} */ (["decided", "wrong", "accused"]).filter((key) => model[key] !== null);
  return h(
    "section.model",
    null,
    h("h4", null, `${printable(model.name)} ${printable(model.version)}`),
    h("p.soft", { lang: "en" }, printable(model.about)),
    h("dl.figures", null, ...rows.map((key) => h("div", null, h("dt", null, words.t(`figure.${key}`)), h("dd", null, words.t("figure.of-100", { share: share(words, /** @type {number} */ (model[key])) }))))),
    model.limits.length ? h("details", null, h("summary", null, words.t("about.limits")), h("ul", { lang: "en" }, ...model.limits.map((text) => h("li", null, printable(text))))) : null,
  );
}

/** Out of a hundred, with a decimal where it would otherwise say little. @param {import("../i18n.js").Words} words @param {number} value */
function share(words, value) {
  return new Intl.NumberFormat(words.language, { maximumFractionDigits: value < 0.1 ? 1 : 0 }).format(value * 100);
}

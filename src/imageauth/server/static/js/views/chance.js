// The probability as what it is: of a hundred pictures with this score, how many are AI-made.

import { h, s } from "../dom.js";
import { ofHundred } from "../wording/chance.js";

const HEIGHT = 22;

/**
 * What the pixels say, with a drawn scale; nothing where they gave no calibrated answer.
 *
 * @param {import("../i18n.js").Words} words
 * @param {{ probability: number, real: number, ai: number }} answer
 * @param {{ unstable: boolean, outweighed: boolean }} more `unstable`: harmless changes turn the answer; `outweighed`: something
 *   else decided.
 */
export function chance(words, { probability, real, ai }, { unstable, outweighed }) {
  const percent = (/** @type {number} */ share) => Math.round(share * 100);
  const zone = probability >= ai ? "ai" : probability <= real ? "real" : "between";
  return h(
    "section.chance",
    null,
    h("h4", null, words.t("chance.title")),
    h("p.chance-said", null, words.t("chance.said", { count_of_100: ofHundred(words, probability) })),
    h("div.scale", { "aria-hidden": "true" }, drawn(probability), brackets(words, percent(real), percent(ai), zone)),
    h("p.soft", null, words.t(`chance.zone.${zone}`, { real: percent(real), ai: percent(ai) }), " ", words.t("chance.half")),
    unstable ? h("p.soft", null, words.t("chance.unstable")) : null,
    outweighed ? h("p.soft", null, words.t("chance.outweighed")) : null,
  );
}

/** A hundred strokes, one a picture: AI-made ones first. @param {number} probability */
function drawn(probability) {
  const ai = Math.min(99, Math.max(1, Math.round(probability * 100)));
  const strokes = Array.from({ length: 100 }, (_, at) =>
    s("rect", { x: at + 0.14, y: 0, width: 0.72, height: HEIGHT, class: at < ai ? "stroke-ai" : "stroke-real" }),
  );
  return s("svg", { viewBox: `0 0 100 ${HEIGHT}`, preserveAspectRatio: "none", class: "strokes", focusable: "false" }, ...strokes);
}

/**
 * Under the strokes: from where on which verdict is given.
 *
 * @param {import("../i18n.js").Words} words
 * @param {number} real
 * @param {number} ai
 * @param {string} zone
 */
function brackets(words, real, ai, zone) {
  const part = (/** @type {string} */ name, /** @type {number} */ from, /** @type {number} */ to) => {
    const box = h(`div.bracket.bracket-${name}${name === zone ? ".here" : ""}`, null, h("span", null, words.t(`chance.bracket.${name}`)));
    box.style.setProperty("--from", `${from}%`);
    box.style.setProperty("--width", `${to - from}%`);
    return box;
  };
  const mark = (/** @type {number} */ at) => {
    const box = h("span.mark", null, words.number.format(at));
    box.style.setProperty("--from", `${at}%`);
    return box;
  };
  return h("div.brackets", null, part("real", 0, real), part("between", real, ai), part("ai", ai, 100), mark(real), mark(ai));
}

/** A small bar for rows and tiles. @param {number} probability */
export function miniChance(probability) {
  const bar = h("span.mini", { "aria-hidden": "true" }, h("span"));
  bar.style.setProperty("--share", `${Math.min(99, Math.max(1, Math.round(probability * 100)))}%`);
  return bar;
}

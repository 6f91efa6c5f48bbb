// Probability → evidence, in the same words as imageauth/pixels/evidence.py.

import { fixed, rounded } from "./numbers.js";
import { AS_IS, VARIANTS } from "./stability.js";

/** @typedef {import("./card.js").Card} Card */
/**
 * @typedef {object} Evidence
 * @property {"pixels"|"credentials"|"metadata"|"watermark"|"plugin"} source
 * @property {string} code
 * @property {string} finding
 * @property {"ai"|"real"|"none"} points_to
 * @property {"proof"|"declared"|"statistical"|"none"} strength
 * @property {Record<string, any>} detail
 */

/**
 * @param {Evidence["source"]} source
 * @param {string} code
 * @param {string} finding
 * @param {Record<string, any>} detail
 * @param {Evidence["points_to"]} [pointsTo]
 * @param {Evidence["strength"]} [strength]
 * @returns {Evidence}
 */
export function evidence(source, code, finding, detail = {}, pointsTo = "none", strength = "none") {
  return { source, code, finding, points_to: pointsTo, strength, detail };
}

/**
 * What the pixels point to; outside the card's domain nowhere.
 * @param {Card} card
 * @param {number} probability calibrated
 * @param {string|null} outside why the picture lies outside the card's domain
 * @param {Record<string, number>|null} kinds how likely the picture is of each
 * @returns {Evidence}
 */
export function pixelEvidence(card, probability, outside, kinds) {
  /** @type {Record<string, any>} */
  const detail = { model: card.name, model_version: card.version, in_domain: outside === null };
  if (kinds) {
    detail.kinds = Object.fromEntries(Object.entries(kinds).map(([name, share]) => [name, rounded(share, 4)]));
  }
  if (outside !== null) {
    const finding = `Can't tell: this image is ${outside} (${card.name}).`;
    detail.uncalibrated_probability = rounded(probability, 4);
    return evidence("pixels", "pixels-outside-domain", finding, detail);
  }
  detail.probability = rounded(probability, 4);
  detail.thresholds = [card.thresholds.real, card.thresholds.ai];
  const of100 = `${count(probability)} of 100 validation images with this score are AI-made`;
  if (probability >= card.thresholds.ai) {
    return evidence("pixels", "pixels-ai", `The pixels look AI-made: ${of100}.`, detail, "ai", "statistical");
  }
  if (probability <= card.thresholds.real) {
    const finding = `The pixels look like a real photograph's: ${of100}.`;
    return evidence("pixels", "pixels-real", finding, detail, "real", "statistical");
  }
  return evidence("pixels", "pixels-undecided", `Can't tell: ${of100}.`, detail);
}

/**
 * Whether the answer survives harmless changes. It points nowhere; the policy heeds its code.
 * @param {Card} card
 * @param {number[]} probabilities of the picture as it is and under each of the card's variants
 * @returns {Evidence}
 */
export function stabilityEvidence(card, probabilities) {
  const { variants } = card.layout;
  const sides = probabilities.map((p) => p >= card.thresholds.decision);
  const detail = {
    probabilities: Object.fromEntries([AS_IS, ...variants].map((name, at) => [name, rounded(probabilities[at], 4)])),
    threshold: card.thresholds.decision,
  };
  const words = variants.map((name) => VARIANTS[name].words);
  if (sides.every((side) => side === sides[0])) {
    return evidence("pixels", "stability-held", `The answer stays the same when the image is ${either(words)}.`, detail);
  }
  const changed = words.filter((_, at) => sides[at + 1] !== sides[0]);
  const finding = `The answer changes when the image is ${either(changed)}, which a sound one would not.`;
  return evidence("pixels", "stability-broken", finding, detail);
}

/** @param {string[]} words */
function either(words) {
  return words.length > 1 ? `${words.slice(0, -1).join(", ")} or ${words[words.length - 1]}` : words[0];
}

/** "about 97", and never a flat "0" or "100". @param {number} probability */
function count(probability) {
  const percent = probability * 100;
  if (percent < 1) return "fewer than 1";
  if (percent > 99) return "more than 99";
  return `about ${fixed(percent, 0)}`;
}

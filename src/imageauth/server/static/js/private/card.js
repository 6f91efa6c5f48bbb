// card.json: all that turns a network's numbers into an answer. As imageauth/pixels/card.py.

import { general } from "./numbers.js";
import { VARIANTS } from "./stability.js";
import { knowsView } from "./views.js";

/**
 * @typedef {object} Domain
 * @property {[number, number]} short_side least and most, pixels
 * @property {number} aspect longer side over shorter, at most
 * @property {number} contrast least, in levels of 0..255
 * @property {number|null} unfamiliar
 */
/**
 * @typedef {object} Card
 * @property {string} name
 * @property {string} version
 * @property {string} file
 * @property {string} sha256
 * @property {import("./layout.js").Layout} layout
 * @property {import("./answers.js").Answers} answers
 * @property {Domain} domain
 * @property {import("./answers.js").Calibration} calibration
 * @property {{decision: number, ai: number, real: number}} thresholds
 * @property {string[]} limits
 * @property {Record<string, string>} conditions
 */

const SCHEMA = "imageauth/card/1";

/**
 * @param {any} data content of card.json
 * @returns {Card}
 * @throws {Error} it is of another schema, or asks for something that is not known here
 */
export function readCard(data) {
  if (data?.schema !== SCHEMA) throw new Error(`not a model's card of schema ${SCHEMA}`);
  const { input, domain, answers } = data;
  /** @type {import("./layout.js").Layout} */
  const layout = {
    side: input.side,
    entries: input.layout ?? [{ view: "squares", count: input.views, weight: 1 }],
    variants: input.variants ?? [],
    bias: input.bias ?? 0,
    canonical: input.canonical ?? null,
  };
  const strange =
    layout.entries.map((entry) => entry.view).find((view) => !knowsView(view)) ??
    layout.variants.find((name) => !Object.hasOwn(VARIANTS, name));
  if (strange) throw new Error(`the card asks for something that this page does not know: ${strange}`);
  return {
    name: data.name,
    version: data.version,
    file: data.file,
    sha256: data.sha256,
    layout,
    answers: {
      logit: answers?.logit ?? 0,
      // Cards of 0.1.0 do not say; they use a second column if they set a limit to it.
      unfamiliarity: (answers ? answers.unfamiliarity : domain.unfamiliar == null ? null : 1) ?? null,
      own: answers?.own ?? {},
      kinds: answers?.kinds ?? null,
      map: answers?.map ?? null,
    },
    domain: { ...domain, unfamiliar: domain.unfamiliar ?? null },
    calibration: { floor: 0, ...data.calibration },
    thresholds: data.thresholds,
    limits: data.limits,
    conditions: data.conditions ?? {},
  };
}

/**
 * Why a picture lies outside a model's domain, to follow "this image is"; null if it lies inside.
 * @param {Domain} domain
 * @param {{width: number, height: number, contrast: number, unfamiliarity: number}} picture
 * @returns {string|null}
 */
export function outside(domain, { width, height, contrast, unfamiliarity }) {
  const [least, most] = domain.short_side;
  const short = Math.min(width, height);
  const long = Math.max(width, height);
  if (!(least <= short && short <= most)) {
    const size = short > most ? "larger" : "smaller";
    return `${size} (${width}×${height}) than the short side of ${least}–${most} pixels that the model is meant for`;
  }
  if (long > domain.aspect * short) {
    return `longer (${width}×${height}) than the ${general(domain.aspect)}:1 that the model is meant for`;
  }
  if (contrast < domain.contrast) return "flatter than any that the model was measured on";
  if (domain.unfamiliar !== null && !(unfamiliarity <= domain.unfamiliar)) {
    return "unlike those that the model was measured on";
  }
  return null;
}

/**
 * The card whose range of sizes holds a picture, or comes nearest.
 * @template {{card: Card}} M
 * @param {M[]} models sorted by name
 * @param {number} width pixels
 * @param {number} height pixels
 * @returns {M}
 */
export function madeFor(models, width, height) {
  const short = Math.min(width, height);
  const far = (/** @type {M} */ { card }) => {
    const [least, most] = card.domain.short_side;
    return Math.max(least - short, short - most, 0);
  };
  return models.reduce((best, model) => (far(model) < far(best) ? model : best));
}

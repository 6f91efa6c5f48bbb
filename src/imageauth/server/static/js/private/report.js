// The report: everything that the page shows, in schema imageauth/report/1, as imageauth/{report,detector}.py make it.

import { outside } from "./card.js";
import { conditionsOf } from "./condition.js";
import { pixelEvidence, stabilityEvidence } from "./evidence.js";
import { kindsOf } from "./answers.js";
import { rounded } from "./numbers.js";
import { decide } from "./policy.js";

/** @typedef {import("./card.js").Card} Card */
/** @typedef {import("./evidence.js").Evidence} Evidence */
/**
 * What a model says of a picture.
 * @typedef {object} Answer
 * @property {Card} card
 * @property {number} probability calibrated
 * @property {number[]} byVariant the same of the picture as it is and under each variant
 * @property {number} unfamiliarity
 * @property {number} contrast of what was looked at
 * @property {import("./answers.js").Said[]} said of its views as they are
 * @property {number} leading how many of them belong to the first entry
 * @property {import("./condition.js").Measures|null} measures
 */
/** @typedef {{name: string, sha256: string, format: string, width: number, height: number, notes: string[]}} About */

const SCHEMA = "imageauth/report/1";

const ALWAYS_TRUE = "A missing mark or credential is no sign of a real photograph.";
/** @type {Record<string, string>} */
const BY_STRENGTH = {
  proof: "A signature shows who vouches for this, not that they are right.",
  declared: "Anyone can write what a file says of itself; weigh it with where the image comes from.",
  statistical: "This is a measurement with known error rates, not proof; weigh it with where the image comes from.",
};

/**
 * @param {About} about the file
 * @param {Evidence[]} found by those who read the file
 * @param {Answer|null} answer of the pixels; null where they could not be looked at
 * @param {string} version of imageauth
 * @param {string[]} [unread] sentences on what private mode did not read
 */
export function reportOf(about, found, answer, version, unread = []) {
  let evidence = found;
  /** @type {string[]} */
  let limits = [];
  let why = null;
  if (answer) {
    const { card } = answer;
    const kinds = kindsOf(card.answers, answer.said.slice(0, answer.leading));
    why = outside(card.domain, { ...about, contrast: answer.contrast, unfamiliarity: answer.unfamiliarity });
    if (card.layout.variants.length && why === null) {
      evidence = [stabilityEvidence(card, answer.byVariant), ...evidence];
    }
    evidence = [pixelEvidence(card, answer.probability, why, kinds), ...evidence];
    if (why === null) {
      const applying = answer.measures ? conditionsOf(card.conditions, answer.measures, kinds) : [];
      limits = [...applying, ...card.limits];
    }
  }
  const decision = decide(evidence);
  const strengths = Object.keys(BY_STRENGTH).filter((strength) => decision.strengths.has(strength));
  return {
    schema: SCHEMA,
    file: about.name,
    sha256: about.sha256,
    format: about.format,
    width: about.width,
    height: about.height,
    verdict: decision.verdict,
    reason: decision.reason,
    probability: answer && why === null ? rounded(answer.probability, 4) : null,
    summary: decision.summary,
    evidence,
    limits: [...about.notes, ...limits, ...unread, ALWAYS_TRUE, ...strengths.map((strength) => BY_STRENGTH[strength])],
    produced_by: {
      imageauth: version,
      model: answer ? `${answer.card.name} ${answer.card.version}` : null,
      model_sha256: answer ? answer.card.sha256 : null,
      policy: "standard",
      policy_sha256: null,
      runtime: "browser",
    },
  };
}

/**
 * What is said of a file that could not be checked.
 * @param {string} name
 * @param {string} code as of imageauth/errors.py
 * @param {string} message one line, without the name
 */
export function failureOf(name, code, message) {
  return { schema: SCHEMA, file: name, error: { code, message } };
}

// Findings in the reader's language. Reports speak English; other languages say it from a finding's code and detail, and
// where they can't, the report's own sentence is shown as it is.

import { printable } from "../escaping.js";
import { ofHundred } from "./chance.js";

/** @typedef {{ text: string, language: string }} Said */
/** @typedef {import("../i18n.js").Words} Words */
/** @typedef {import("../report.js").Evidence} Evidence */
/** @typedef {{ key: string, params?: import("../i18n.js").Params }} Phrase key below `finding.`, and what is put in. */

/** @type {Record<string, (detail: Record<string, any>, words: Words) => Phrase | null>} by code; null: can't be said so. */
const PHRASES = {
  "pixels-ai": (detail, words) => scored("pixels-ai", detail, words),
  "pixels-real": (detail, words) => scored("pixels-real", detail, words),
  "pixels-undecided": (detail, words) => scored("pixels-undecided", detail, words),
  "pixels-outside-domain": (detail) => ({ key: "pixels-outside-domain", params: { model: text(detail.model) } }),
  "stability-held": (detail, words) => ({ key: "stability-held", params: { changes: changes(Object.keys(detail.probabilities).slice(1), words) } }),
  "stability-broken": (detail, words) => ({ key: "stability-broken", params: { changes: changes(turning(detail), words) } }),
  "generator-parameters": (detail) => ({
    key: detail.model ? "generator-parameters-model" : "generator-parameters",
    params: { tool: text(detail.tool), model: text(detail.model ?? "") },
  }),
  "generator-trace": (detail) => ({ key: "generator-trace", params: { tool: text(detail.tool), where: text(detail.where) } }),
  "generator-trace-edited": (detail) => ({ key: "generator-trace-edited", params: { tool: text(detail.tool), where: text(detail.where) } }),
  "source-type": (detail, words) => sourceType(detail, words),
  "source-type-composite": (detail, words) => sourceType(detail, words),
  "aigc-label": (detail, words) => {
    const said = `aigc.${detail.label || "1"}`;
    return words.has(said) ? { key: "aigc-label", params: { said: words.t(said) } } : { key: "aigc-label-unknown" };
  },
  "credit-line": (detail) => ({ key: "credit-line", params: { value: text(detail.value) } }),
  "credit-line-edited": (detail) => ({ key: "credit-line", params: { value: text(detail.value) } }),
  "camera-exif": camera,
  "mining-mark": () => ({ key: "mining-mark" }),
  software: (detail) => (detail.software?.length ? { key: "software", params: { software: text(detail.software.at(-1)) } } : null),
  "metadata-unreadable": () => ({ key: "metadata-unreadable" }),
  "metadata-not-read": () => ({ key: "metadata-not-read" }),
  "credentials-invalid": () => ({ key: "credentials-invalid" }),
  "credentials-unreadable": () => ({ key: "credentials-unreadable" }),
  "credentials-not-read": () => ({ key: "credentials-not-read" }),
  "credentials-remote": (detail) => ({ key: "credentials-remote", params: { address: text(detail.address) } }),
  "watermark-unreadable": () => ({ key: "watermark-unreadable" }),
};

/** Codes of credentials that hold: what they say, then what that rests on. */
const STATEMENTS = new Set(["ai", "ai-part", "ai-ingredient", "ai-input", "capture", "capture-edited", "present"].map((kind) => `credentials-${kind}`));

/**
 * A finding as a sentence.
 *
 * @param {Words} words
 * @param {Evidence} evidence
 * @returns {Said}
 */
export function finding(words, evidence) {
  const own = { text: printable(evidence.finding), language: "en" };
  if (words.language === "en") return own;
  try {
    const phrase = phraseOf(evidence, words);
    if (!phrase || !words.has(`finding.${phrase.key}`)) return own;
    const restsOn = STATEMENTS.has(evidence.code) ? ` ${words.t(standing(evidence))}` : "";
    return { text: words.t(`finding.${phrase.key}`, phrase.params) + restsOn, language: words.language };
  } catch {
    return own; // Its detail is not as this page knows it.
  }
}

/** Where a finding points, and how strongly. @param {Words} words @param {string} points @param {string} strength */
export function pointing(words, points, strength) {
  return words.t(`points.${points}.${words.has(`points.${points}.${strength}`) ? strength : "none"}`);
}

/** @param {Evidence} evidence @param {Words} words @returns {Phrase | null} */
function phraseOf({ code, detail }, words) {
  // Statements that do not hold are told by the report alone.
  if (code === "credentials-present" && detail.source_types?.length) return null;
  if (STATEMENTS.has(code)) return { key: code, params: { signer: text(detail.organisation || detail.signer || words.t("signer.unnamed")) } };
  if (Object.hasOwn(PHRASES, code)) return PHRASES[code](detail, words);
  if (!code.startsWith("watermark-")) return null;
  return { key: code.startsWith("watermark-visible-") ? "watermark-visible" : "watermark-invisible", params: { name: text(detail.name) } };
}

/** @param {string} key @param {Record<string, any>} detail @param {Words} words @returns {Phrase} */
function scored(key, detail, words) {
  return { key, params: { count_of_100: ofHundred(words, detail.probability) } };
}

/** @param {string[]} names @param {Words} words */
function changes(names, words) {
  return words.list(names.map((name) => words.t(`change.${name}`)), "disjunction");
}

/** Names of the changes that lead to the other side of the threshold. @param {Record<string, any>} detail */
function turning(detail) {
  const [first, ...others] = Object.entries(detail.probabilities).map(([name, p]) => /** @type {const} */ ([name, p >= detail.threshold]));
  return others.filter(([, side]) => side !== first[1]).map(([name]) => name);
}

/** @param {Record<string, any>} detail @param {Words} words @returns {Phrase} */
function sourceType(detail, words) {
  const meaning = `source.${detail.term}`;
  return words.has(meaning)
    ? { key: "source-type", params: { term: text(detail.term), meaning: words.t(meaning) } }
    : { key: "source-type-unknown", params: { term: text(detail.term) } };
}

/** @param {Record<string, any>} detail @returns {Phrase} */
function camera(detail) {
  const maker = text(detail.maker ?? "");
  const model = text(detail.model ?? "");
  const name = model.toLowerCase().startsWith(maker.toLowerCase()) && model ? model : `${maker} ${model}`.trim();
  const contradicts = detail.checks?.some((/** @type {any} */ check) => check.outcome === "contradiction");
  const told = [detail.exposure, detail.aperture, detail.iso, detail.focal_length, detail.taken].filter(Boolean).length;
  const whole = maker && model && told >= 2;
  return { key: !whole ? "camera-exif-little" : contradicts ? "camera-exif-contradicts" : "camera-exif", params: { name } };
}

/** What signed credentials rest on. @param {Evidence} evidence */
function standing({ detail, strength }) {
  if (detail.state !== "trusted" && !detail.signer_could_be_checked) return "standing.unchecked";
  return detail.state === "trusted" && strength === "declared" ? "standing.trusted.no-proof" : `standing.${detail.state}`;
}

/** @param {unknown} value */
function text(value) {
  return printable(value).slice(0, 200);
}

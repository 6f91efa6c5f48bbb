// What the columns of a network's output mean, and score → probability. As imageauth/pixels/{answers,calibration}.py.

import { mean } from "./numbers.js";

/** @typedef {Float32Array|number[]} Said what a network says of one view */
/**
 * @typedef {object} Answers
 * @property {number} logit column of "made by AI"
 * @property {number|null} unfamiliarity
 * @property {Record<string, number>} own columns of views that have a logit of their own
 * @property {{first: number, names: string[]}|null} kinds
 * @property {{first: number, side: number}|null} map
 */
/** @typedef {{method: string, parameters: Record<string, any>, floor: number}} Calibration */

/**
 * @param {Answers} answers
 * @param {Said[]} said
 * @param {string[]} views names of the ways in which they were cut
 * @returns {number[]}
 */
export function logitsOf(answers, said, views) {
  return said.map((columns, at) => columns[answers.own[views[at]] ?? answers.logit]);
}

/**
 * How likely a picture is of each kind: the mean over views of their softmax; null where the network does not say.
 * @param {Answers} answers
 * @param {Said[]} said
 * @returns {Record<string, number>|null}
 */
export function kindsOf(answers, said) {
  if (!answers.kinds) return null;
  const { first, names } = answers.kinds;
  const shares = said.map((columns) => {
    const logits = names.map((_, at) => columns[first + at]);
    const most = Math.max(...logits);
    const powers = logits.map((logit) => Math.exp(logit - most));
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((power) => power / sum);
  });
  return Object.fromEntries(names.map((name, at) => [name, mean(shares.map((share) => share[at]))]));
}

/**
 * A view's map, row by row; null where the network gives none.
 * @param {Answers} answers
 * @param {Said} said
 * @returns {number[]|null}
 */
export function mapOf(answers, said) {
  if (!answers.map) return null;
  const { first, side } = answers.map;
  return Array.from(said.slice(first, first + side * side));
}

/** ln(1 + exp(x)), without overflow. @param {number} x */
const softplus = (x) => (x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x)));
/** @param {number} x */
const sigmoid = (x) => Math.exp(-softplus(-x));

/**
 * The calibrated probability of a logit, 0..1.
 * @param {Calibration} calibration
 * @param {number} score
 */
export function calibrated({ method, parameters: p, floor }, score) {
  return Math.min(1 - floor, Math.max(floor, uncut(method, p, score)));
}

/** @type {(method: string, p: Record<string, any>, score: number) => number} */
function uncut(method, p, score) {
  switch (method) {
    case "temperature":
    case "platt":
      return sigmoid(p.scale * score + (p.offset ?? 0));
    case "beta":
      return sigmoid(p.a * -softplus(-score) - p.b * -softplus(score) + p.c);
    case "isotonic":
      return interpolated(score, p.scores, p.probabilities);
    default:
      throw new Error(`unknown calibration method ${method}`);
  }
}

/** @type {(x: number, xs: number[], ys: number[]) => number} */
function interpolated(x, xs, ys) {
  if (x <= xs[0]) return ys[0];
  const last = xs.length - 1;
  if (x >= xs[last]) return ys[last];
  let at = 0;
  while (xs[at + 1] <= x) at++;
  return ys[at] + ((ys[at + 1] - ys[at]) / (xs[at + 1] - xs[at])) * (x - xs[at]);
}

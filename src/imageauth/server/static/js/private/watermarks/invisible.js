// Phases of blocks → the messages that stand in them. As imageauth/provenance/watermarks/invisible.py, where agreement
// and clearness are explained.

import { dot, mean, rounded } from "../numbers.js";
import { readBlocks } from "./blocks.js";
import { MESSAGES } from "./messages.js";

const MIN_CLEARNESS = 4.0;
/** Where phases hardly vary (flat pictures) nothing but rounding would be correlated. */
const MIN_VARIANCE = 1e-4;

/** @typedef {{agreement: number, clearness: number, right: number}} Match */

/**
 * The known messages in a picture.
 * @param {import("../raster.js").Raster} picture
 * @returns {import("./watermarks.js").Watermark[]}
 */
export function readInvisible(picture) {
  const blocks = readBlocks(picture);
  if (!blocks) return [];
  return MESSAGES.map((message) => lookFor(message, blocks)).filter((mark) => mark !== null);
}

/**
 * @param {import("./messages.js").Message} message
 * @param {import("./blocks.js").Blocks} blocks
 * @returns {import("./watermarks.js").Watermark|null}
 */
function lookFor(message, blocks) {
  const tried = message.planes.map((plane) => match(blocks.index, blocks.phases[plane], message));
  const best = tried.reduce((first, next) => (isBetter(next, first) ? next : first));
  if (best.agreement < message.threshold || best.clearness < MIN_CLEARNESS) return null;
  const bits = message.binary.length;
  return {
    code: message.code,
    name: `dwtDct ${message.text}`,
    finding:
      `It carries the invisible watermark that ${message.embedded_by} (${best.right} of ${bits} bits match); ` +
      "other software can embed the same.",
    measured: {
      message: message.text,
      bits_matched: best.right,
      bits,
      agreement: rounded(best.agreement, 3),
      clearness: rounded(best.clearness, 1),
      blocks_read: blocks.index.length,
    },
  };
}

/** @param {Match} one @param {Match} other */
function isBetter(one, other) {
  if (one.agreement !== other.agreement) return one.agreement > other.agreement;
  return one.clearness !== other.clearness ? one.clearness > other.clearness : one.right > other.right;
}

/**
 * How well phases fit a message.
 * @param {Int32Array} index numbers of the blocks
 * @param {{real: Float32Array, imaginary: Float32Array}} phases of the blocks
 * @param {{binary: string, period: number}} message
 * @returns {Match} zeros where the phases cannot tell
 */
export function match(index, phases, { binary, period }) {
  const size = binary.length;
  const signs = Float64Array.from(binary, (bit) => (bit === "1" ? 1 : -1));
  const count = new Float64Array(size);
  const real = new Float64Array(size);
  const imaginary = new Float64Array(size);
  for (let at = 0; at < index.length; at++) {
    const bit = index[at] % size;
    count[bit] += 1;
    real[bit] += phases.real[at];
    imaginary[bit] += phases.imaginary[at];
  }
  const variance = varianceOf(phases);
  if (count.includes(0) || variance < MIN_VARIANCE) return { agreement: 0, clearness: 0, right: 0 };
  for (let bit = 0; bit < size; bit++) {
    real[bit] /= count[bit];
    imaginary[bit] /= count[bit];
  }
  const own = [centred(real, period), centred(imaginary, period)];
  const expected = centred(signs, period);
  const together = own.map((part) => dot(part, expected));
  const length = Math.sqrt(dot(expected, expected));
  const found = Math.hypot(...together);
  const middle = [mean(real), mean(imaginary)];
  let right = 0;
  for (let bit = 0; bit < size; bit++) {
    // Turned so that ones are positive.
    const along = (real[bit] - middle[0]) * together[0] + (imaginary[bit] - middle[1]) * together[1];
    right += Number(along > 0 === signs[bit] > 0);
  }
  const norm = Math.sqrt(dot(own[0], own[0]) + dot(own[1], own[1]));
  return {
    agreement: found / (norm * length + 1e-12),
    clearness: found / (length * Math.sqrt(variance / mean(count))),
    right,
  };
}

/** The mean squared distance of phases from their mean. */
function varianceOf({ real, imaginary }) {
  const middle = [mean(real), mean(imaginary)];
  let sum = 0;
  for (let at = 0; at < real.length; at++) {
    sum += (real[at] - middle[0]) ** 2 + (imaginary[at] - middle[1]) ** 2;
  }
  return sum / real.length;
}

/** Values less their mean over each place of a period that divides their number. */
function centred(values, period) {
  const means = Array.from({ length: period }, (_, place) => mean(values.filter((_, at) => at % period === place)));
  return values.map((value, at) => value - means[at % period]);
}

// Pixels → one phase for each block of 8×8 pixels, in which the `dwtDct` mark hides its bits. As
// imageauth/provenance/watermarks/blocks.py, where the method is explained; single precision as there.

import { spread } from "../numbers.js";
import { PLANES } from "./messages.js";

const BLOCK = 8;
const STEP = 36;
const MIN_PIXELS = 256 * 256;
const MAX_BLOCKS = 16384;
const f = Math.fround;
/** Of red, green and blue; and with red and blue exchanged. */
const WEIGHTS = [
  [-0.299, -0.587, 0.886],
  [0.886, -0.587, -0.299],
].map((row) => row.map((weight) => f((0.492 / 2) * weight)));

/**
 * @typedef {object} Blocks
 * @property {Int32Array} index the number of each block in the whole picture
 * @property {{real: Float32Array, imaginary: Float32Array}[]} phases for each plane
 */

/**
 * @param {import("../raster.js").Raster} picture
 * @returns {Blocks|null} null where the picture is too small to carry the mark
 */
export function readBlocks(picture) {
  const [down, across] = [Math.floor(picture.height / BLOCK), Math.floor(picture.width / BLOCK)];
  if (picture.width * picture.height < MIN_PIXELS || !down || !across) return null;
  const columns = Math.min(across, MAX_BLOCKS);
  const count = Math.min(down, Math.floor(MAX_BLOCKS / columns));
  const rows = count === 1 ? [0] : spread(down - 1, count).map(Math.floor);
  const index = new Int32Array(rows.length * columns);
  // The greatest and the least coefficient of each block, for red and blue as they are and exchanged.
  const extremes = WEIGHTS.map(() => ({ most: new Float32Array(index.length), least: new Float32Array(index.length) }));
  rows.forEach((row, place) => {
    for (let column = 0; column < columns; column++) {
      const at = place * columns + column;
      index[at] = row * across + column;
      const sums = sumsOf(picture, row, column);
      WEIGHTS.forEach((weights, exchanged) => {
        const { most, least } = extremes[exchanged];
        [most[at], least[at]] = extremesOf(sums, weights);
      });
    }
  });
  const phases = PLANES.map(({ exchanged, centre }) => phasesOf(extremes[Number(exchanged)], centre));
  return { index, phases };
}

const SUMS = new Float32Array(48);

/** Sums of 2×2 pixels of a block, three channels each; kept until the next call. */
function sumsOf({ data, width }, row, column) {
  for (let y = 0; y < 4; y++) {
    for (let x = 0; x < 4; x++) {
      const upper = ((row * BLOCK + 2 * y) * width + column * BLOCK + 2 * x) * 3;
      const lower = upper + width * 3;
      for (let colour = 0; colour < 3; colour++) {
        SUMS[(y * 4 + x) * 3 + colour] =
          data[upper + colour] + data[upper + 3 + colour] + data[lower + colour] + data[lower + 3 + colour];
      }
    }
  }
  return SUMS;
}

/** The greatest and the least of a block's coefficients but the first, which carries nothing. */
function extremesOf(sums, [red, green, blue]) {
  let [most, least] = [-Infinity, Infinity];
  for (let at = 3; at < 48; at += 3) {
    const low = f(f(f(red * sums[at]) + f(green * sums[at + 1])) + f(blue * sums[at + 2]));
    if (low > most) most = low;
    if (low < least) least = low;
  }
  return [most, least];
}

/** The largest magnitude of each block, as its place within the step on the unit circle. */
function phasesOf({ most, least }, centre) {
  const real = new Float32Array(most.length);
  const imaginary = new Float32Array(most.length);
  const [shift, turn] = [f(2 * centre), f((2 * Math.PI) / STEP)];
  for (let at = 0; at < most.length; at++) {
    const angle = f(Math.max(f(most[at] + shift), f(-least[at] - shift)) * turn);
    real[at] = Math.cos(angle);
    imaginary[at] = Math.sin(angle);
  }
  return { real, imaginary };
}

// The state that a picture is in, as far as it bears on how well a model judges it. As imageauth/pixels/condition.py.

import { power } from "./fourier.js";
import { LUMA, qualityOf } from "./jpeg_tables.js";
import { spread } from "./numbers.js";
import { cropped } from "./raster.js";

/** @typedef {import("./raster.js").Raster} Raster */
/** @typedef {{data: Float32Array, width: number, height: number}} Luma */
/**
 * @typedef {object} Measures
 * @property {number} shortSide pixels
 * @property {number|null} quality of a JPEG, as its tables tell
 * @property {number|null} pastQuality
 * @property {number} sharpness
 * @property {number} screen
 */

const [SMALL, COARSE, SOFT, SCREEN, KIND] = [256, 60, 0.1, 0.016, 0.5];
// What is measured lies in the middle of the picture, at its own pixels; more would tell no more.
const MOST_SIDE = 768;
const BLOCK = 8;
const PATCH = 128;
const LOWEST = [[0, 1], [1, 0], [1, 1], [0, 2], [2, 0]];
const [TOLD, PERIODIC] = [64, 0.6];
const COSINES = [0, 1, 2].map((k) =>
  Array.from({ length: BLOCK }, (_, n) => Math.cos(((2 * n + 1) * k * Math.PI) / 16) * (k ? 0.5 : Math.sqrt(1 / 8))),
);
// Luma steps beyond this are hard edges.
const HARD = 40;

/**
 * @param {Raster} picture
 * @param {number|null} quality of a JPEG, as its tables tell
 * @returns {Measures}
 */
export function measure(picture, quality) {
  const height = Math.min(picture.height, MOST_SIDE);
  const width = Math.min(picture.width, MOST_SIDE);
  const top = Math.floor((picture.height - height) / 2);
  const left = Math.floor((picture.width - width) / 2);
  const middle = cropped(picture, left, top, width, height);
  const luma = lumaOf(middle);
  return {
    shortSide: Math.min(picture.width, picture.height),
    quality,
    pastQuality: pastQuality(luma),
    sharpness: sharpness(luma),
    screen: screen(middle, luma),
  };
}

/** @param {Raster} picture @returns {Luma} */
function lumaOf({ data, width, height }) {
  const luma = new Float32Array(width * height);
  for (let at = 0, from = 0; at < luma.length; at++, from += 3) {
    luma[at] = 0.299 * data[from] + 0.587 * data[from + 1] + 0.114 * data[from + 2];
  }
  return { data: luma, width, height };
}

/**
 * The quality of a JPEG that a picture was once, from what its quantisation left in the pixels (after Fan & de Queiroz
 * 2003); null where nothing of the kind is found.
 * @param {Luma} luma
 * @returns {number|null}
 */
export function pastQuality(luma) {
  const { data, width, height } = luma;
  if (Math.min(width, height) < 4 * BLOCK) return null;
  const top = grid(luma, false);
  const left = grid(luma, true);
  const down = Math.floor((height - top) / BLOCK);
  const across = Math.floor((width - left) / BLOCK);
  const scales = [];
  for (const [row, column] of LOWEST) {
    const values = new Float64Array(down * across);
    for (let at = 0; at < values.length; at++) {
      const corner = (top + Math.floor(at / across) * BLOCK) * width + left + (at % across) * BLOCK;
      let sum = 0;
      for (let y = 0; y < BLOCK; y++) {
        let line = 0;
        for (let x = 0; x < BLOCK; x++) line += data[corner + y * width + x] * COSINES[column][x];
        sum += line * COSINES[row][y];
      }
      values[at] = Math.abs(sum);
    }
    const step = stepOf(values);
    if (step !== null) scales.push(step / LUMA[row * BLOCK + column]);
  }
  return 2 * scales.length > LOWEST.length ? qualityOf(median(scales)) : null;
}

/**
 * Where the grid of blocks begins, 0..7, along columns of pixels or, `sideways`, along rows.
 * @param {Luma} luma
 * @param {boolean} sideways
 */
function grid({ data, width, height }, sideways) {
  const [length, lines] = sideways ? [width, height] : [height, width];
  const [along, between] = sideways ? [1, width] : [width, 1];
  // Mean steps to the next line of pixels; then how much each stands out from its neighbours.
  const steps = new Float64Array(length - 1);
  for (let at = 0; at < length - 1; at++) {
    for (let line = 0; line < lines; line++) {
      const here = at * along + line * between;
      steps[at] += Math.abs(data[here + along] - data[here]);
    }
  }
  const phases = new Float64Array(BLOCK);
  const usable = Math.floor((length - 3) / BLOCK) * BLOCK;
  for (let at = 0; at < usable; at++) phases[at % BLOCK] += steps[at + 1] - (steps[at] + steps[at + 2]) / 2;
  return (phases.indexOf(Math.max(...phases)) + 2) % BLOCK;
}

/**
 * The largest step whose multiples the magnitudes are; null where there is none, or too few to tell.
 * @param {Float64Array} values
 */
function stepOf(values) {
  for (let step = 60; step > 2; step--) {
    let told = 0;
    let sum = 0;
    for (let at = 0; at < values.length; at++) {
      if (values[at] > step / 2) {
        told++;
        sum += Math.cos((values[at] * 2 * Math.PI) / step);
      }
    }
    if (told >= TOLD && sum / told > PERIODIC) return step;
  }
  return null;
}

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Energy above half the Nyquist frequency over that in the octave below, in the busiest quarter of some patches; NaN
 * where the picture is smaller than a patch.
 * @param {Luma} luma
 */
export function sharpness({ data, width, height }) {
  if (Math.min(width, height) < PATCH) return NaN;
  const rows = [...new Set(spread(height - PATCH, 5).map(Math.trunc))];
  const columns = [...new Set(spread(width - PATCH, 5).map(Math.trunc))];
  const found = [];
  for (const row of rows) {
    for (const column of columns) {
      const patch = new Float64Array(PATCH * PATCH);
      let sum = 0;
      for (let y = 0; y < PATCH; y++) {
        const from = (row + y) * width + column;
        patch.set(data.subarray(from, from + PATCH), y * PATCH);
      }
      for (let at = 0; at < patch.length; at++) sum += patch[at];
      const mean = sum / patch.length;
      for (let at = 0; at < patch.length; at++) patch[at] = (patch[at] - mean) * WINDOW[at >> 7] * WINDOW[at & 127];
      found.push(octaves(power(patch, PATCH)));
    }
  }
  found.sort((a, b) => b.middle - a.middle);
  const busiest = found.slice(0, Math.max(1, found.length >> 2));
  const total = (/** @type {"high"|"middle"} */ which) => busiest.reduce((sum, each) => sum + each[which], 0);
  return total("high") / (total("middle") + 1e-3);
}

const WINDOW = Float64Array.from({ length: PATCH }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / (PATCH - 1)));

/**
 * @param {Float64Array} spectrum power of PATCH rows and PATCH / 2 + 1 columns
 * @returns {{high: number, middle: number}}
 */
function octaves(spectrum) {
  const columns = PATCH / 2 + 1;
  let high = 0;
  let middle = 0;
  for (let row = 0, at = 0; row < PATCH; row++) {
    const down = row < PATCH / 2 ? row : row - PATCH;
    for (let across = 0; across < columns; across++, at++) {
      const square = (down * down + across * across) / (PATCH * PATCH);
      if (square > 0.0625 && square <= 0.25) high += spectrum[at];
      else if (square > 0.015625 && square <= 0.0625) middle += spectrum[at];
    }
  }
  return { high, middle };
}

/**
 * How like a screenshot: even areas, and hard edges in what is not even.
 * @param {Raster} picture
 * @param {Luma} luma of it
 */
export function screen({ data, width, height }, luma) {
  if (Math.min(width, height) < 2) return 0;
  let same = 0;
  let hard = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width - 1; x++) {
      const at = y * width + x;
      hard += Math.abs(luma.data[at + 1] - luma.data[at]) > HARD ? 1 : 0;
      if (y === height - 1) continue;
      const [p, right, below] = [at * 3, at * 3 + 3, (at + width) * 3];
      same +=
        data[p] === data[right] && data[p + 1] === data[right + 1] && data[p + 2] === data[right + 2] &&
        data[p] === data[below] && data[p + 1] === data[below + 1] && data[p + 2] === data[below + 2]
          ? 1
          : 0;
    }
  }
  const even = same / ((width - 1) * (height - 1));
  return (even * hard) / ((width - 1) * height) / Math.max(1 - even, 1e-3);
}

/** @typedef {(measures: Measures, kinds: Record<string, number>) => string|null} Detect */

/** @type {Readonly<Record<string, Detect>>} */
const CONDITIONS = Object.freeze({
  small: ({ shortSide }) => (shortSide < SMALL ? `Its short side has fewer than ${SMALL} pixels.` : null),
  compressed({ quality, pastQuality: past }) {
    if (quality !== null && quality <= COARSE) return `It is heavily compressed (JPEG quality about ${quality}).`;
    if (past !== null && past <= COARSE) {
      return `It was heavily compressed before: its pixels show a JPEG of quality about ${past}.`;
    }
    return null;
  },
  soft: (measures) =>
    measures.sharpness < SOFT ? "It is blurred or was enlarged: its finest detail is missing." : null,
  screen(measures, kinds) {
    const sure = "screen" in kinds ? kinds.screen > KIND : measures.screen > SCREEN;
    return sure ? "It looks like a screenshot or another picture with large even areas." : null;
  },
  drawn: (_, kinds) =>
    (kinds.drawn ?? 0) > KIND ? "It looks drawn, painted or rendered rather than photographed." : null,
});

/**
 * Sentences on the conditions that apply to a picture.
 * @param {Record<string, string>} asked names of conditions, each with what was measured there, or ""
 * @param {Measures} measures
 * @param {Record<string, number>|null} kinds how likely the picture is of each
 * @returns {string[]}
 */
export function conditionsOf(asked, measures, kinds) {
  return Object.entries(asked)
    .map(([name, text]) => [CONDITIONS[name]?.(measures, kinds ?? {}), text])
    .filter(([sentence]) => sentence)
    .map(([sentence, text]) => `${sentence} ${text}`.trim());
}

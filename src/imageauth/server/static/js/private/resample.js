// Pillow's resampling, to the last bit: networks see differences that people do not.
//
// After src/libImaging/Resample.c and Reduce.c and Image.resize of Pillow 13 (MIT-CMU licence, see NOTICE): two passes,
// coefficients in 22-bit fixed point, results rounded to 8 bits after each pass, boxes in single precision.

import { blank, cropped } from "./raster.js";

/** @typedef {import("./raster.js").Raster} Raster */
/** @typedef {{support: number, weigh: (x: number) => number}} Filter */

const PRECISION = 22;
const HALF = 1 << (PRECISION - 1);

/** @param {number} x */
function sinc(x) {
  if (x === 0) return 1;
  x *= Math.PI;
  return Math.sin(x) / x;
}

/** @type {Readonly<Record<"box"|"bilinear"|"bicubic"|"lanczos", Filter>>} */
export const FILTERS = Object.freeze({
  box: { support: 0.5, weigh: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weigh: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    support: 2,
    weigh(x) {
      const a = -0.5;
      x = Math.abs(x);
      if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
      if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
      return 0;
    },
  },
  lanczos: { support: 3, weigh: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
});

/**
 * Which input samples make each output sample, and with what weight.
 * @param {number} size of the input
 * @param {number} start of the box, single precision
 * @param {number} end of the box, single precision
 * @param {number} count of output samples
 * @param {Filter} filter
 */
function coefficients(size, start, end, count, { support, weigh }) {
  const scale = Math.fround(end - start) / count;
  const stretch = Math.max(scale, 1);
  const reach = support * stretch;
  const taps = Math.ceil(reach) * 2 + 1;
  const weights = new Int32Array(count * taps);
  const first = new Int32Array(count);
  const length = new Int32Array(count);
  const raw = new Float64Array(taps);
  const inverse = 1 / stretch;
  for (let at = 0; at < count; at++) {
    const centre = start + (at + 0.5) * scale;
    const low = Math.max(0, Math.trunc(centre - reach + 0.5));
    const n = Math.min(size, Math.trunc(centre + reach + 0.5)) - low;
    let sum = 0;
    for (let k = 0; k < n; k++) sum += raw[k] = weigh((k + low - centre + 0.5) * inverse);
    for (let k = 0; k < n; k++) {
      const weight = (sum === 0 ? raw[k] : raw[k] / sum) * (1 << PRECISION);
      weights[at * taps + k] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
    first[at] = low;
    length[at] = n;
  }
  return { taps, weights, first, length };
}

/** @param {number} sum in fixed point */
function clip(sum) {
  const value = sum >> PRECISION;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/**
 * @param {Raster} picture
 * @param {number} top first row that counts
 * @param {number} rows of the result
 * @param {number} width of the result
 * @param {ReturnType<typeof coefficients>} how
 */
function across(picture, top, rows, width, how) {
  const result = blank(width, rows);
  const { data } = picture;
  const { taps, weights, first, length } = how;
  let to = 0;
  for (let y = 0; y < rows; y++) {
    const line = (top + y) * picture.width * 3;
    for (let x = 0; x < width; x++) {
      let r = HALF;
      let g = HALF;
      let b = HALF;
      let from = line + first[x] * 3;
      const start = x * taps;
      for (let k = start; k < start + length[x]; k++, from += 3) {
        const weight = weights[k];
        r = (r + Math.imul(data[from], weight)) | 0;
        g = (g + Math.imul(data[from + 1], weight)) | 0;
        b = (b + Math.imul(data[from + 2], weight)) | 0;
      }
      result.data[to++] = clip(r);
      result.data[to++] = clip(g);
      result.data[to++] = clip(b);
    }
  }
  return result;
}

/**
 * @param {Raster} picture
 * @param {number} height of the result
 * @param {ReturnType<typeof coefficients>} how
 */
function down(picture, height, how) {
  const result = blank(picture.width, height);
  const span = picture.width * 3;
  const sums = new Int32Array(span);
  const { taps, weights, first, length } = how;
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    for (let k = 0; k < length[y]; k++) {
      const weight = weights[y * taps + k];
      const line = (first[y] + k) * span;
      for (let x = 0; x < span; x++) sums[x] = (sums[x] + Math.imul(picture.data[line + x], weight)) | 0;
    }
    for (let x = 0, to = y * span; x < span; x++, to++) result.data[to] = clip(sums[x]);
  }
  return result;
}

/**
 * `ImagingCore.resize`.
 * @param {Raster} picture
 * @param {number} width
 * @param {number} height
 * @param {Filter} filter
 * @param {readonly [number, number, number, number]} box left, top, right, bottom
 * @returns {Raster}
 */
function resampled(picture, width, height, filter, box) {
  const [left, top, right, bottom] = box.map(Math.fround);
  if (Number.isInteger(left) && Number.isInteger(top) && right - left === width && bottom - top === height) {
    return cropped(picture, left, top, width, height);
  }
  const needsX = width !== picture.width || left || right !== width;
  const needsY = height !== picture.height || top || bottom !== height;
  const horizontal = coefficients(picture.width, left, right, width, filter);
  const vertical = coefficients(picture.height, top, bottom, height, filter);
  const less = picture.height - height;
  if (less > 0 && less > (picture.width - width) * 2) {
    // Where the height shrinks much more than the width, Pillow 13 does it first, to save work.
    const low = needsY ? down(picture, height, vertical) : picture;
    return needsX ? across(low, 0, height, width, horizontal) : low;
  }
  let between = picture;
  if (needsX) {
    const start = vertical.first[0];
    const rows = vertical.first[height - 1] + vertical.length[height - 1] - start;
    between = across(picture, start, rows, width, horizontal);
    for (let y = 0; y < height; y++) vertical.first[y] -= start;
  }
  return needsY ? down(between, height, vertical) : between;
}

/**
 * `Image.resize`: a part of a picture at another size.
 * @param {Raster} picture
 * @param {number} width of the result, pixels
 * @param {number} height of the result, pixels
 * @param {keyof typeof FILTERS} filter
 * @param {{box?: readonly [number, number, number, number], reducingGap?: number}} [how] `box`: left, top, right and
 *   bottom of the part, pixels, fractions allowed; default: all of it. `reducingGap`: average over whole pixels first
 *   where the result stays so many times larger than asked for.
 * @returns {Raster}
 */
export function resize(picture, width, height, filter, { box, reducingGap } = {}) {
  const { support } = FILTERS[filter];
  let [left, top, right, bottom] = box ?? [0, 0, picture.width, picture.height];
  const whole = !left && !top && right === picture.width && bottom === picture.height;
  if (whole && width === picture.width && height === picture.height) return picture;
  if (reducingGap) {
    const byX = Math.trunc((right - left) / width / reducingGap) || 1;
    const byY = Math.trunc((bottom - top) / height / reducingGap) || 1;
    if (byX > 1 || byY > 1) {
      const marginX = ((support - 0.5) * (right - left)) / width;
      const marginY = ((support - 0.5) * (bottom - top)) / height;
      const safe = [
        Math.max(0, Math.trunc(left - marginX)),
        Math.max(0, Math.trunc(top - marginY)),
        Math.min(picture.width, Math.ceil(right + marginX)),
        Math.min(picture.height, Math.ceil(bottom + marginY)),
      ];
      picture = reduce(picture, byX, byY, safe);
      [left, right] = [(left - safe[0]) / byX, (right - safe[0]) / byX];
      [top, bottom] = [(top - safe[1]) / byY, (bottom - safe[1]) / byY];
    }
  }
  return resampled(picture, width, height, FILTERS[filter], [left, top, right, bottom]);
}

/**
 * `Image.reduce`: means over whole pixels; the last column and row may be of fewer.
 * @param {Raster} picture
 * @param {number} byX pixels across
 * @param {number} byY pixels down
 * @param {number[]} [box] left, top, right, bottom, whole pixels; default: all of it
 * @returns {Raster}
 */
export function reduce(picture, byX, byY, box = [0, 0, picture.width, picture.height]) {
  const [left, top, right, bottom] = box;
  const result = blank(Math.ceil((right - left) / byX), Math.ceil((bottom - top) / byY));
  const { data } = picture;
  let to = 0;
  for (let y = top; y < bottom; y += byY) {
    const endY = Math.min(bottom, y + byY);
    for (let x = left; x < right; x += byX) {
      const endX = Math.min(right, x + byX);
      const count = (endX - x) * (endY - y);
      const multiplier = Math.trunc(Math.fround(2 ** 32 / Math.fround(256 * count)));
      let r = count >> 1;
      let g = r;
      let b = r;
      for (let row = y; row < endY; row++) {
        let from = (row * picture.width + x) * 3;
        for (let column = x; column < endX; column++, from += 3) {
          r += data[from];
          g += data[from + 1];
          b += data[from + 2];
        }
      }
      result.data[to++] = (r * multiplier) / 2 ** 24;
      result.data[to++] = (g * multiplier) / 2 ** 24;
      result.data[to++] = (b * multiplier) / 2 ** 24;
    }
  }
  return result;
}

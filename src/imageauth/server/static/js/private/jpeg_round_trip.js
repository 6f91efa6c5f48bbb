// "Saved as JPEG and opened again", to the last bit as libjpeg-turbo does it through Pillow, without writing a file:
// entropy coding loses nothing, so it is left out.
//
// Colour conversion, 2×2 averaging with alternating rounding, and triangle ("fancy") upsampling after jccolor.c,
// jcsample.c, jcdctmgr.c, jdsample.c and jdcolor.c (IJG licence, see NOTICE).

import { forward, inverse } from "./dct.js";
import { CHROMA, LUMA, scaled } from "./jpeg_tables.js";
import { blank } from "./raster.js";

/** @typedef {import("./raster.js").Raster} Raster */
/** @typedef {{data: Uint8Array, width: number, height: number}} Plane one byte a sample */

const fix = (/** @type {number} */ x) => Math.trunc(x * 65536 + 0.5);
const HALF = 32768;
const [RY, GY, BY] = [fix(0.299), fix(0.587), fix(0.114)];
const [RCB, GCB, RCR, BCR] = [fix(0.16874), fix(0.33126), fix(0.41869), fix(0.08131)];
const CENTRE = (128 << 16) + HALF - 1;

/** Of each chroma value: what it adds to red and blue, and, not yet shifted, to green. */
const RED = new Int32Array(256);
const BLUE = new Int32Array(256);
const GREEN_CR = new Int32Array(256);
const GREEN_CB = new Int32Array(256);
for (let at = 0; at < 256; at++) {
  const x = at - 128;
  RED[at] = (fix(1.402) * x + HALF) >> 16;
  BLUE[at] = (fix(1.772) * x + HALF) >> 16;
  GREEN_CR[at] = -fix(0.71414) * x;
  GREEN_CB[at] = -fix(0.34414) * x + HALF;
}

/**
 * A picture saved as JPEG with 4:2:0 chroma and opened again.
 * @param {Raster} picture
 * @param {number} quality 1..100, as of libjpeg
 * @returns {Raster}
 */
export function jpegRoundTrip(picture, quality) {
  const [luma, cb, cr] = planes(picture);
  coded(luma, scaled(LUMA, quality));
  const chroma = scaled(CHROMA, quality);
  const small = [cb, cr].map((plane) => halved(plane, picture.width, picture.height));
  for (const plane of small) coded(plane, chroma);
  const width = Math.ceil(picture.width / 2);
  const height = Math.ceil(picture.height / 2);
  return toRgb(luma, doubled(small[0], width, height), doubled(small[1], width, height), picture.width, picture.height);
}

const padded = (/** @type {number} */ n, /** @type {number} */ to) => Math.ceil(n / to) * to;

/**
 * Luma and both chroma planes, widened to whole blocks by repeating the last column and row.
 * @param {Raster} picture
 * @returns {Plane[]}
 */
function planes({ data, width, height }) {
  const across = padded(width, 16);
  const down = padded(height, 16);
  const result = [0, 1, 2].map(() => ({ data: new Uint8Array(across * down), width: across, height: down }));
  const [y, cb, cr] = result.map((plane) => plane.data);
  for (let row = 0; row < height; row++) {
    let to = row * across;
    for (let column = 0, from = row * width * 3; column < width; column++, from += 3, to++) {
      const r = data[from];
      const g = data[from + 1];
      const b = data[from + 2];
      y[to] = (RY * r + GY * g + BY * b + HALF) >> 16;
      cb[to] = (HALF * b - RCB * r - GCB * g + CENTRE) >> 16;
      cr[to] = (HALF * r - RCR * g - BCR * b + CENTRE) >> 16;
    }
    for (const plane of [y, cb, cr]) plane.fill(plane[to - 1], to, (row + 1) * across);
  }
  for (const plane of [y, cb, cr]) {
    for (let row = height; row < down; row++) plane.copyWithin(row * across, (height - 1) * across, height * across);
  }
  return result;
}

/**
 * Means over 2×2, rounded down and up in turn.
 * @param {Plane} plane
 * @param {number} width of the picture
 * @param {number} height of the picture
 * @returns {Plane}
 */
function halved({ data, width: across }, width, height) {
  const result = { data: new Uint8Array(0), width: padded(Math.ceil(width / 2), 8), height: padded(Math.ceil(height / 2), 8) };
  result.data = new Uint8Array(result.width * result.height);
  const rows = Math.ceil(height / 2);
  for (let row = 0; row < rows; row++) {
    let from = row * 2 * across;
    let bias = 1;
    for (let column = 0, to = row * result.width; column < result.width; column++, from += 2, to++) {
      result.data[to] = (data[from] + data[from + 1] + data[from + across] + data[from + across + 1] + bias) >> 2;
      bias ^= 3;
    }
  }
  // Rows that only fill the last blocks repeat the last row of means.
  for (let row = rows; row < result.height; row++) {
    result.data.copyWithin(row * result.width, (rows - 1) * result.width, rows * result.width);
  }
  return result;
}

/**
 * In place: transformed, quantised, and back.
 * @param {Plane} plane whole blocks
 * @param {number[]} table 64 steps, row by row
 */
function coded({ data, width, height }, table) {
  const block = new Int32Array(64);
  for (let top = 0; top < height; top += 8) {
    for (let left = 0; left < width; left += 8) {
      const corner = top * width + left;
      for (let row = 0, to = 0; row < 8; row++) {
        for (let from = corner + row * width, end = from + 8; from < end; from++) block[to++] = data[from] - 128;
      }
      forward(block);
      for (let at = 0; at < 64; at++) {
        const step = table[at];
        const value = block[at];
        const level = ((value < 0 ? -value : value) + (step << 2)) / (step << 3) | 0;
        block[at] = (value < 0 ? -level : level) * step;
      }
      inverse(block);
      for (let row = 0, from = 0; row < 8; row++) {
        for (let to = corner + row * width, end = to + 8; to < end; to++) {
          const value = block[from++] + 128;
          data[to] = value < 0 ? 0 : value > 255 ? 255 : value;
        }
      }
    }
  }
}

/**
 * A chroma plane at twice the size: 9/16 of the nearest sample, 3/16 of the two next to it, 1/16 of the one across.
 * @param {Plane} plane
 * @param {number} width of what counts
 * @param {number} height of what counts
 * @returns {Plane}
 */
export function doubled({ data, width: across }, width, height) {
  const result = { data: new Uint8Array(width * height * 4), width: width * 2, height: height * 2 };
  const sums = new Int32Array(width);
  for (let row = 0; row < result.height; row++) {
    const near = (row >> 1) * across;
    let to = row * result.width;
    if (width <= 2) {
      for (let column = 0; column < result.width; column++) result.data[to++] = data[near + (column >> 1)];
      continue;
    }
    const far = Math.min(height - 1, Math.max(0, (row >> 1) + (row & 1 ? 1 : -1))) * across;
    for (let column = 0; column < width; column++) sums[column] = data[near + column] * 3 + data[far + column];
    result.data[to++] = (sums[0] * 4 + 8) >> 4;
    for (let column = 0; column < width - 1; column++) {
      result.data[to++] = (sums[column] * 3 + sums[column + 1] + 7) >> 4;
      result.data[to++] = (sums[column + 1] * 3 + sums[column] + 8) >> 4;
    }
    result.data[to] = (sums[width - 1] * 4 + 7) >> 4;
  }
  return result;
}

/**
 * @param {Plane} luma
 * @param {Plane} cb
 * @param {Plane} cr
 * @param {number} width
 * @param {number} height
 * @returns {Raster}
 */
export function toRgb(luma, cb, cr, width, height) {
  const result = blank(width, height);
  const out = new Uint8ClampedArray(result.data.buffer);
  let to = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const y = luma.data[row * luma.width + column];
      const b = cb.data[row * cb.width + column];
      const r = cr.data[row * cr.width + column];
      out[to++] = y + RED[r];
      out[to++] = y + ((GREEN_CB[b] + GREEN_CR[r]) >> 16);
      out[to++] = y + BLUE[b];
    }
  }
  return result;
}

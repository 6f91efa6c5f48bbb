// What a JPEG's quantisation tables tell; as imageauth/jpeg.py says it.

import { roundEven } from "./numbers.js";

/** Luma, row by row: ITU-T T.81, table K.1. */
export const LUMA = Object.freeze([
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
  87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
  72, 92, 95, 98, 112, 100, 103, 99,
]);

/** Chroma: table K.2. */
export const CHROMA = Object.freeze([
  17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99,
]);

const LUMA_SUM = LUMA.reduce((sum, step) => sum + step, 0);

/**
 * The table that the reference encoder (libjpeg) uses at a quality.
 * @param {readonly number[]} standard
 * @param {number} quality 1..100
 * @returns {number[]}
 */
export function scaled(standard, quality) {
  const percent = quality < 50 ? Math.trunc(5000 / quality) : 200 - quality * 2;
  return standard.map((step) => Math.min(255, Math.max(1, Math.trunc((step * percent + 50) / 100))));
}

/**
 * The quality, 1..100, at which the reference encoder would be about as coarse.
 * @param {ArrayLike<number>|null|undefined} luma the 64 steps of table 0, in any order
 * @returns {number|null} null where there is no such table
 */
export function quality(luma) {
  if (!luma || luma.length !== 64) return null;
  let sum = 0;
  for (let at = 0; at < 64; at++) sum += luma[at];
  return qualityOf(sum / LUMA_SUM);
}

/**
 * The quality, 1..100, at which the reference encoder multiplies its standard table by `scale`.
 * @param {number} scale
 */
export function qualityOf(scale) {
  const found = scale <= 1 ? 100 - 50 * scale : 50 / scale;
  return Math.min(100, Math.max(1, roundEven(found)));
}

// The bar of five coloured squares that DALL·E 2 put at the bottom right, as
// imageauth/provenance/watermarks/colour_bar.py.

import { rounded, roundEven } from "../numbers.js";

/** From left to right: yellow, cyan, green, orange, blue, as sRGB. */
const COLOURS = [
  [255, 255, 102],
  [66, 255, 255],
  [81, 218, 76],
  [255, 110, 61],
  [60, 70, 255],
];
const [SIDE, PICTURE] = [16, 1024];
/** Pixels; in smaller squares nothing but a smear is left after JPEG. */
const MIN_SIDE = 4;
const MAX_DISTANCE = 40;
const MAX_SPREAD = 24;

/** @typedef {import("../raster.js").Raster} Raster */

/**
 * Look for the bar at its own size and scaled with the picture.
 * @param {Raster} picture
 * @returns {import("./watermarks.js").Watermark|null}
 */
export function findColourBar(picture) {
  const { width, height } = picture;
  const sides = [...new Set([SIDE, (SIDE * width) / PICTURE])].sort((one, other) => other - one);
  for (const side of sides) {
    if (side < MIN_SIDE || 5 * side > width || side > height) continue;
    const { distance, spread } = compare(picture, side);
    if (distance <= MAX_DISTANCE && spread <= MAX_SPREAD) {
      return {
        code: "watermark-visible-dall-e-2",
        name: "DALL·E 2 colour bar",
        finding:
          "It shows the bar of five coloured squares that DALL·E 2 put at the bottom right of its pictures; " +
          "anyone can draw it.",
        measured: { square_side: rounded(side, 1), colour_distance: rounded(distance, 1) },
      };
    }
  }
  return null;
}

/**
 * The worst square's distance from its colour, and the worst standard deviation inside one, in levels.
 * @param {Raster} picture
 * @param {number} side
 */
function compare({ data, width, height }, side) {
  const inset = side / 4; // edges are blurred by resizing and by coarse chroma
  const top = roundEven(height - side + inset);
  const bottom = Math.min(Math.max(roundEven(height - inset), top + 1), height);
  let [distance, spread] = [0, 0];
  COLOURS.forEach((colour, place) => {
    const start = width - (5 - place) * side;
    const left = roundEven(start + inset);
    const right = Math.min(Math.max(roundEven(start + side - inset), left + 1), width);
    const count = (bottom - top) * (right - left);
    for (let channel = 0; channel < 3; channel++) {
      let [sum, squares] = [0, 0];
      for (let row = top; row < bottom; row++) {
        for (let column = left; column < right; column++) {
          const value = data[(row * width + column) * 3 + channel];
          sum += value;
          squares += value * value;
        }
      }
      const mean = sum / count;
      distance = Math.max(distance, Math.abs(mean - colour[channel]));
      spread = Math.max(spread, Math.sqrt(Math.max(0, squares / count - mean * mean)));
    }
  });
  return { distance, spread };
}

// The four-pointed star that Google's Gemini lays on its pictures at the bottom right. As
// imageauth/provenance/watermarks/sparkle.py, where the method is explained.

import { dot, rounded } from "../numbers.js";
import { CENTRE, GRID, SPAN, templates } from "./star.js";

/** Pixels, tip to tip: 16 to 116. */
const SIZES = Array.from({ length: 46 }, (_, at) => 16 * 1.045 ** at);
/** Sizes as shares of the picture's short side. */
const OF_SHORT_SIDE = [0.03, 0.1];
const OPACITY = [0.4, 0.65];
/** Least correlation; on real pictures it does not pass 0.43 (docs/watermarks.md). */
const THRESHOLD = 0.5;
const CELLS = GRID * GRID;

/** @typedef {import("../raster.js").Raster} Raster */

/**
 * @param {Raster} picture
 * @returns {import("./watermarks.js").Watermark|null}
 */
export function findSparkle(picture) {
  const short = Math.min(picture.width, picture.height);
  const sizes = SIZES.filter((size) => size / short >= OF_SHORT_SIDE[0] && size / short <= OF_SHORT_SIDE[1]);
  if (!sizes.length) return null;
  const corner = integral(picture, Math.trunc(sizes[sizes.length - 1] * (CENTRE + SPAN / 2)) + 2);
  let best = { correlation: -Infinity, opacity: 0, size: 0 };
  for (const size of sizes) {
    for (const found of compare(gridOf(corner, size))) {
      if (found.correlation > best.correlation) best = { ...found, size };
    }
  }
  if (best.correlation < THRESHOLD) return null;
  return {
    code: "watermark-visible-gemini",
    name: "Gemini sparkle",
    finding:
      "It shows the four-pointed star that Google's Gemini lays on the pictures it makes or edits; anyone can draw it.",
    measured: {
      correlation: rounded(best.correlation, 3),
      opacity: rounded(best.opacity, 2),
      size: rounded(best.size, 1),
    },
  };
}

/**
 * How the star fits a grid at each of its shifts: correlation (-1 where it has not the right opacity), and opacity.
 * @param {Float64Array} grid luma
 */
function compare(grid) {
  const drawn = templates();
  const surroundings = drawn.outside.reduce((sum, cell) => sum + grid[cell], 0) / drawn.outside.length;
  const rest = grid.slice();
  for (const column of drawn.round) {
    const share = dot(grid, column);
    for (let cell = 0; cell < CELLS; cell++) rest[cell] -= share * column[cell];
  }
  // One level of noise in each cell, so that a correlation with almost nothing stays small.
  const length = Math.sqrt(dot(rest, rest)) + GRID;
  return drawn.stars.map(({ star, flat, flatSquare }) => {
    const opacity = dot(grid, flat) / flatSquare / Math.max(255 - surroundings, 1);
    const possible = opacity > OPACITY[0] && opacity < OPACITY[1];
    return { correlation: possible ? dot(rest, star) / length : -1, opacity };
  });
}

/** Sums of luma over everything above and to the left, of the picture's corner. @param {Raster} picture @param {number} reach */
function integral({ data, width: whole, height: high }, reach) {
  const [width, height] = [Math.min(reach, whole), Math.min(reach, high)];
  const stride = width + 1;
  const total = new Float64Array((height + 1) * stride);
  const f = Math.fround;
  const [red, green, blue] = [f(0.299), f(0.587), f(0.114)];
  for (let row = 0; row < height; row++) {
    let sum = 0;
    for (let column = 0; column < width; column++) {
      const at = ((high - height + row) * whole + whole - width + column) * 3;
      sum += f(f(f(data[at] * red) + f(data[at + 1] * green)) + f(data[at + 2] * blue));
      total[(row + 1) * stride + column + 1] = total[row * stride + column + 1] + sum;
    }
  }
  return { total, width, height, stride };
}

/** Mean luma in each cell of a grid about the star's place. */
function gridOf({ total, width, height, stride }, size) {
  const places = (/** @type {number} */ side) =>
    Array.from({ length: GRID + 1 }, (_, at) => {
      const step = (at / GRID - 0.5) * SPAN;
      const place = Math.min(Math.max(side + (step - CENTRE) * size, 0), side);
      const lower = Math.min(Math.trunc(place), side - 1);
      return { lower, share: place - lower };
    });
  const [rows, columns] = [places(height), places(width)];
  const at = (/** @type {number} */ row, /** @type {{lower: number, share: number}} */ { lower, share }) =>
    total[row * stride + lower] * (1 - share) + total[row * stride + lower + 1] * share;
  const sums = rows.map(({ lower, share }) =>
    columns.map((column) => at(lower, column) * (1 - share) + at(lower + 1, column) * share),
  );
  const area = ((size * SPAN) / GRID) ** 2;
  const grid = new Float64Array(CELLS);
  for (let row = 0; row < GRID; row++) {
    for (let column = 0; column < GRID; column++) {
      const [upper, lower] = [sums[row], sums[row + 1]];
      grid[row * GRID + column] = (lower[column + 1] - lower[column] - upper[column + 1] + upper[column]) / area;
    }
  }
  return grid;
}

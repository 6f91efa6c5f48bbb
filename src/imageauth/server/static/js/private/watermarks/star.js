// The star drawn on a small grid, and what is taken out of both star and picture before they are compared. As the
// templates of imageauth/provenance/watermarks/sparkle.py.

import { dot } from "../numbers.js";

export const GRID = 24;
/** The grid's side in sizes of the star. */
export const SPAN = 1.3;
/** The centre's distance from the right and lower edges, in sizes. */
export const CENTRE = 7 / 6;
const EXPONENT = 0.72;
const FINE = 8;
const SHIFTS = [-0.06, 0, 0.06];
const CELLS = GRID * GRID;

/**
 * @typedef {object} Templates
 * @property {{star: Float64Array, flat: Float64Array, flatSquare: number}[]} stars at shifts of less than a cell: without
 *   all that is round, of length 1; and without a gradient, with the square of its length
 * @property {Float64Array[]} round what is taken out: orthonormal
 * @property {number[]} outside cells that the star does not touch
 */

/** @type {Templates|null} */
let kept = null;

/** @returns {Templates} */
export function templates() {
  return (kept ??= make());
}

/** @returns {Templates} */
function make() {
  const place = Array.from({ length: GRID }, (_, at) => ((at + 0.5) / GRID) * 2 - 1);
  const cells = (/** @type {(across: number, down: number) => number} */ value) =>
    Float64Array.from({ length: CELLS }, (_, cell) => value(place[cell % GRID], place[Math.floor(cell / GRID)]));
  const gradient = [cells((across) => across), cells((_, down) => down)];
  const bent = [cells((across, down) => across ** 2 - down ** 2), cells((across, down) => across * down)];
  const ring = (/** @type {number} */ low, /** @type {number} */ high) =>
    cells((across, down) => Number(Math.hypot(across, down) >= low && Math.hypot(across, down) < high));
  const rings = [...Array.from({ length: 8 }, (_, at) => ring(at / 8, at / 8 + 0.125)), ring(1, Infinity)];
  const round = orthonormal([...gradient, ...bent, ...rings]);
  const flat = orthonormal([cells(() => 1), ...gradient]);
  const stars = SHIFTS.flatMap((x) => SHIFTS.map((y) => drawStar(x, y))).map((drawn) => {
    const star = without(drawn, round);
    const length = Math.sqrt(dot(star, star));
    const flattened = without(drawn, flat);
    return { star: star.map((value) => value / length), flat: flattened, flatSquare: dot(flattened, flattened) };
  });
  const outside = [...drawStar(0, 0).entries()].filter(([, inside]) => inside < 0.02).map(([cell]) => cell);
  return { stars, round, outside };
}

/** The star on the grid, 0 outside to 1 inside; shifts in half sizes. @param {number} x @param {number} y */
function drawStar(x, y) {
  const place = Array.from({ length: GRID * FINE }, (_, at) => (((at + 0.5) / (GRID * FINE)) * 2 - 1) * SPAN);
  const across = place.map((value) => Math.abs(value - x) ** EXPONENT);
  const down = place.map((value) => Math.abs(value - y) ** EXPONENT);
  const star = new Float64Array(CELLS);
  down.forEach((high, row) => {
    across.forEach((wide, column) => {
      if (wide + high <= 1) star[Math.floor(row / FINE) * GRID + Math.floor(column / FINE)] += 1 / FINE ** 2;
    });
  });
  return star;
}

/** Vectors that span the same, each at right angles to the others and of length 1 (Gram–Schmidt, done twice). */
function orthonormal(vectors) {
  /** @type {Float64Array[]} */
  const basis = [];
  for (const vector of vectors) {
    const left = without(without(vector, basis), basis);
    const length = Math.sqrt(dot(left, left));
    basis.push(left.map((value) => value / length));
  }
  return basis;
}

/** A vector less its parts along others. @param {Float64Array} vector @param {Float64Array[]} basis */
function without(vector, basis) {
  const left = vector.slice();
  for (const other of basis) {
    const share = dot(vector, other);
    for (let cell = 0; cell < CELLS; cell++) left[cell] -= share * other[cell];
  }
  return left;
}

// What a network looks at: square views of a picture at the network's own size, and where in the picture they lie.
// As imageauth/pixels/views.py.

import { roundEven, spread } from "./numbers.js";
import { blank, cropped, grey } from "./raster.js";
import { resize } from "./resample.js";

/** @typedef {import("./raster.js").Raster} Raster */
/** @typedef {[number, number, number, number]} Place top, left, bottom and right, as shares of the picture */
/** @typedef {{views: Raster[], places: Place[]}} Cut */

// Where crops may lie: so many places along each side.
const GRID = 5;
// Steps between neighbouring pixels count up to here: one hard edge is no texture.
const MOST_STEP = 32;

/**
 * Name → how views are cut, and the picture's least short side, in sides of a view (0: any picture).
 * @type {Readonly<Record<string, {sides: number, cut: (picture: Raster, side: number, most: number) => Cut}>>}
 */
const WAYS = Object.freeze({
  squares: { sides: 0, cut: squareViews },
  whole: { sides: 0, cut: wholeView },
  tiles: { sides: 2, cut: tileViews },
  crops: { sides: 1, cut: cropViews },
});

/** @param {string} name */
export function knowsView(name) {
  return Object.hasOwn(WAYS, name);
}

/**
 * The views of one way of looking; none of a picture that is too small for it.
 * @param {string} name of the way
 * @param {Raster} picture
 * @param {number} side of the views, pixels
 * @param {number} most views at most
 * @returns {Cut}
 */
export function cutViews(name, picture, side, most) {
  const { sides, cut } = WAYS[name];
  if (Math.min(picture.width, picture.height) < Math.max(1, sides * side)) return { views: [], places: [] };
  return cut(picture, side, most);
}

/** @type {(picture: Raster, side: number, most: number) => Cut} */
function squareViews(picture, side, most) {
  const { width, height } = picture;
  if (width === side && height === side) return { views: [picture], places: [[0, 0, 1, 1]] };
  const short = Math.min(width, height);
  const long = Math.max(width, height);
  const count = Math.min(most, Math.ceil(long / short));
  const starts = count > 1 ? spread(long - short, count).map(roundEven) : [Math.floor((long - short) / 2)];
  /** @type {Cut} */
  const result = { views: [], places: [] };
  for (const start of starts) {
    const [top, left] = height > width ? [start, 0] : [0, start];
    const square = cropped(picture, left, top, short, short);
    result.views.push(resize(square, side, side, short > side ? "box" : "bilinear"));
    result.places.push([top / height, left / width, (top + short) / height, (left + short) / width]);
  }
  return result;
}

/** @type {(picture: Raster, side: number, most: number) => Cut} */
function wholeView(picture, side) {
  const place = centrePlace(picture, side);
  return { views: [scaled(picture, place, side)], places: [place] };
}

/** @type {(picture: Raster, side: number, most: number) => Cut} */
function tileViews(picture, side, most) {
  const [top, left, bottom, right] = centrePlace(picture, 2 * side);
  const rows = [top, (top + bottom) / 2, bottom];
  const columns = [left, (left + right) / 2, right];
  // Two of them lie across from one another.
  const corners = [[0, 0], [1, 1], [0, 1], [1, 0]].slice(0, most);
  const places = corners.map(
    ([row, column]) => /** @type {Place} */ ([rows[row], columns[column], rows[row + 1], columns[column + 1]]),
  );
  return { views: places.map((place) => scaled(picture, place, side)), places };
}

/** @type {(picture: Raster, side: number, most: number) => Cut} */
function cropViews(picture, side, most) {
  const { width, height } = picture;
  const rows = [...new Set(spread(height - side, GRID).map(roundEven))];
  const columns = [...new Set(spread(width - side, GRID).map(roundEven))];
  const texture = textures(picture, side, rows, columns);
  const order = Array.from(texture.keys()).sort((a, b) => texture[b] - texture[a] || a - b);
  /** @type {[number, number][]} */
  const taken = [];
  for (const at of order) {
    const row = rows[Math.floor(at / columns.length)];
    const column = columns[at % columns.length];
    const apart = taken.every(([r, c]) => Math.abs(row - r) + Math.abs(column - c) >= Math.floor(side / 2));
    if (taken.length < most && apart) taken.push([row, column]);
  }
  return {
    views: taken.map(([row, column]) => cropped(picture, column, row, side, side)),
    places: taken.map(([row, column]) => [row / height, column / width, (row + side) / height, (column + side) / width]),
  };
}

/**
 * Where the centre square of the picture would lie if its short side were `side`.
 * @param {Raster} picture
 * @param {number} side
 * @returns {Place}
 */
function centrePlace({ width, height }, side) {
  const scale = side / Math.min(height, width);
  const across = Math.max(side, roundEven(width * scale));
  const down = Math.max(side, roundEven(height * scale));
  const left = Math.floor((across - side) / 2) / across;
  const top = Math.floor((down - side) / 2) / down;
  return [top, left, top + side / down, left + side / across];
}

/**
 * What lies there, at `side` × `side`.
 * @param {Raster} picture
 * @param {Place} place
 * @param {number} side
 * @returns {Raster}
 */
function scaled(picture, [top, left, bottom, right], side) {
  const { width, height } = picture;
  /** @type {[number, number, number, number]} */
  const box = [left * width, top * height, Math.min(width, right * width), Math.min(height, bottom * height)];
  return resize(picture, side, side, box[3] - box[1] < side ? "bicubic" : "lanczos", { box, reducingGap: 3 });
}

/**
 * Sum of steps between neighbours, down and across, in each square; row by row.
 * @param {Raster} picture
 * @param {number} side
 * @param {number[]} rows where squares begin
 * @param {number[]} columns
 * @returns {Float64Array}
 */
function textures(picture, side, rows, columns) {
  const { width, height } = picture;
  const luma = grey(picture);
  const span = width - 1;
  // Of each row, the sums in each column of squares; then down each square.
  const strips = new Float64Array((height - 1) * columns.length);
  const sums = new Float64Array(width);
  for (let row = 0; row < height - 1; row++) {
    for (let column = 0, at = row * width; column < span; column++, at++) {
      const step = Math.abs(luma[at + width] - luma[at]) + Math.abs(luma[at + 1] - luma[at]);
      sums[column + 1] = sums[column] + (step < MOST_STEP ? step : MOST_STEP);
    }
    columns.forEach((column, k) => {
      strips[row * columns.length + k] = sums[column + side - 1] - sums[column];
    });
  }
  const result = new Float64Array(rows.length * columns.length);
  rows.forEach((start, r) => {
    for (let row = start; row < start + side - 1; row++) {
      for (let k = 0; k < columns.length; k++) result[r * columns.length + k] += strips[row * columns.length + k];
    }
  });
  return result;
}

/**
 * Standard deviation over places, root of the mean square over channels, in levels of 0..255: 0 for one colour.
 * @param {Raster[]} views
 */
export function contrast(views) {
  let count = 0;
  const sums = [0, 0, 0];
  const squares = [0, 0, 0];
  for (const { data } of views) {
    count += data.length / 3;
    for (let at = 0; at < data.length; at++) {
      sums[at % 3] += data[at];
      squares[at % 3] += data[at] * data[at];
    }
  }
  const variances = sums.map((sum, c) => Math.max(0, squares[c] / count - (sum / count) ** 2));
  return Math.sqrt((variances[0] + variances[1] + variances[2]) / 3);
}

/**
 * A view moved by one pixel down and right (`step` 1) or up and left (−1); the edge that opens is mirrored in.
 * @param {Raster} view
 * @param {1|-1} step
 * @returns {Raster}
 */
export function moved(view, step) {
  const { width, height } = view;
  const result = blank(width, height);
  const inside = (/** @type {number} */ at, /** @type {number} */ size) =>
    at < 0 ? -at : at >= size ? 2 * size - 2 - at : at;
  let to = 0;
  for (let y = 0; y < height; y++) {
    const row = inside(y - step, height) * width;
    for (let x = 0; x < width; x++) {
      const from = (row + inside(x - step, width)) * 3;
      result.data[to++] = view.data[from];
      result.data[to++] = view.data[from + 1];
      result.data[to++] = view.data[from + 2];
    }
  }
  return result;
}

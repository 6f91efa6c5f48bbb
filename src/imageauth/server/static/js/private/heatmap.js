// Where in a picture the evidence sits. As imageauth/pixels/heatmap.py.

import { logitsOf, mapOf } from "./answers.js";
import { names, weights } from "./layout.js";
import { mean, roundEven } from "./numbers.js";

/** @typedef {import("./raster.js").Raster} Raster */
/** @typedef {import("./layout.js").Looked} Looked */
/** @typedef {import("./answers.js").Said} Said */
/** @typedef {{data: Float64Array, width: number, height: number}} Heat NaN where no view looks */
/** @typedef {{data: ArrayLike<number>, side: number}} ViewMap */

const CELLS = 8;

/**
 * The heatmap of a picture that was scored already: above 0 speaks for AI, below 0 for a photograph.
 * @param {import("./card.js").Card} card
 * @param {Looked} looked
 * @param {Said[]} said of its views as they are
 * @param {(views: Raster[]) => Promise<Said[]>} ask the network
 * @returns {Promise<Heat>}
 */
export async function heatmap(card, looked, said, ask) {
  const { answers, layout } = card;
  const shares = weights(layout, looked.counts);
  const asIs = looked.places.length;
  if (!answers.map) {
    const views = looked.views.slice(0, asIs);
    const maps = [];
    for (const view of views) maps.push(await occlusion(view, async (all) => (await ask(all)).map((s) => s[answers.logit])));
    return blend(maps, looked, shares, CELLS);
  }
  const { side } = answers.map;
  const logits = logitsOf(answers, said, names(layout, looked.counts, asIs));
  const maps = said.slice(0, asIs).map((columns, at) => {
    const values = /** @type {number[]} */ (mapOf(answers, columns));
    const shift = logits[at] - mean(values);
    return { data: values.map((value) => value + shift), side };
  });
  // What is looked at more closely than the whole is shown more finely.
  return blend(maps, looked, shares, side * (asIs > looked.counts[0] ? 2 : 1));
}

/**
 * How far the logit falls when a cell is filled with its view's mean colour.
 * @param {Raster} view
 * @param {(views: Raster[]) => Promise<number[]>} score
 * @returns {Promise<ViewMap>}
 */
async function occlusion(view, score) {
  const side = view.width;
  const edges = Array.from({ length: CELLS + 1 }, (_, at) => Math.floor((at * side) / CELLS));
  const fill = [0, 1, 2].map((c) => roundEven(mean(view.data.filter((_, at) => at % 3 === c))));
  const covered = [view];
  for (let row = 0; row < CELLS; row++) {
    for (let column = 0; column < CELLS; column++) {
      const data = view.data.slice();
      for (let y = edges[row]; y < edges[row + 1]; y++) {
        for (let x = edges[column]; x < edges[column + 1]; x++) data.set(fill, (y * side + x) * 3);
      }
      covered.push({ ...view, data });
    }
  }
  const [whole, ...parts] = await score(covered);
  return { data: parts.map((logit) => whole - logit), side: CELLS };
}

/**
 * Maps of a picture's views as one map of the picture, laid at their places by areas and weighted as in the score.
 * @param {ViewMap[]} maps
 * @param {Looked} looked
 * @param {number[]} shares of the entries
 * @param {number} cells of the result, along the picture's shorter side
 * @returns {Heat}
 */
export function blend(maps, looked, shares, cells) {
  const scale = cells / Math.min(looked.height, looked.width);
  const height = Math.max(cells, roundEven(looked.height * scale));
  const width = Math.max(cells, roundEven(looked.width * scale));
  const total = new Float64Array(height * width);
  const weight = new Float64Array(height * width);
  let first = 0;
  looked.counts.forEach((count, entry) => {
    const values = new Float64Array(height * width);
    const seen = new Float64Array(height * width);
    for (let at = first; at < first + count; at++) lay(values, seen, maps[at], looked.places[at], height, width);
    first += count;
    for (let at = 0; at < total.length; at++) {
      // Of a cell that one view half covers, half counts; two views that cover it count once.
      const covered = Math.min(seen[at], 1);
      if (seen[at] > 1e-9) total[at] += (shares[entry] * covered * values[at]) / seen[at];
      weight[at] += shares[entry] * covered;
    }
  });
  // A cell that is hardly touched was not looked at.
  const least = 0.5 * Math.min(...shares.filter(Boolean));
  return { data: total.map((sum, at) => (weight[at] > least ? sum / weight[at] : NaN)), width, height };
}

/**
 * @param {Float64Array} values
 * @param {Float64Array} seen
 * @param {ViewMap} map
 * @param {import("./views.js").Place} place
 * @param {number} height
 * @param {number} width
 */
function lay(values, seen, { data, side }, [top, left, bottom, right], height, width) {
  const down = overlaps(top, bottom, side, height);
  const across = overlaps(left, right, side, width);
  for (let row = 0; row < height; row++) {
    const rows = down[row];
    if (!rows.length) continue;
    for (let column = 0; column < width; column++) {
      let value = 0;
      let area = 0;
      for (const [y, shareY] of rows) {
        for (const [x, shareX] of across[column]) {
          value += shareY * shareX * data[y * side + x];
          area += shareY * shareX;
        }
      }
      values[row * width + column] += value;
      seen[row * width + column] += area;
    }
  }
}

/**
 * Of each cell, the parts that cover some of it and how much, on one axis.
 * @param {number} start of what is cut into parts, as a share of the axis
 * @param {number} end
 * @param {number} parts how many
 * @param {number} cells how many
 * @returns {[number, number][][]}
 */
function overlaps(start, end, parts, cells) {
  const edge = (/** @type {number} */ at) => (at === parts ? end : start + (at * (end - start)) / parts) * cells;
  return Array.from({ length: cells }, (_, cell) => {
    /** @type {[number, number][]} */
    const found = [];
    for (let part = 0; part < parts; part++) {
      const share = Math.min(cell + 1, edge(part + 1)) - Math.max(cell, edge(part));
      if (share > 0) found.push([part, share]);
    }
    return found;
  });
}

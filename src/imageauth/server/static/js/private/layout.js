// How a model looks at a picture, and how what it says of the views becomes one score; a card holds it as data.
// As imageauth/pixels/{layout,canonical}.py.

import { jpegRoundTrip } from "./jpeg_round_trip.js";
import { mean, roundEven } from "./numbers.js";
import { reduce, resize } from "./resample.js";
import { VARIANTS } from "./stability.js";
import { cutViews } from "./views.js";

/** @typedef {import("./raster.js").Raster} Raster */
/** @typedef {{view: string, count: number, weight: number}} Entry */
/** @typedef {{long_side: number, quality: number}} Canonical */
/**
 * @typedef {object} Layout
 * @property {number} side of a view, pixels
 * @property {Entry[]} entries what is looked at; the first one leads
 * @property {string[]} variants
 * @property {number} bias
 * @property {Canonical|null} canonical
 */
/**
 * All that a network sees of one picture: the views of each entry in turn, then the first entry's under each variant.
 * @typedef {object} Looked
 * @property {Raster[]} views
 * @property {import("./views.js").Place[]} places of the views that are no variants
 * @property {number[]} counts of views in each entry
 * @property {number} width of the picture
 * @property {number} height of the picture
 */

/**
 * @param {Layout} layout
 * @param {Raster} picture
 * @param {{lossless: boolean}} from whether it comes from a file that lost nothing
 * @returns {Looked}
 */
export function look(layout, picture, { lossless }) {
  const { width, height } = picture;
  const prepared = layout.canonical ? canonical(layout.canonical, picture, lossless) : picture;
  const cuts = layout.entries.map((entry) => cutViews(entry.view, prepared, layout.side, entry.count));
  const changed = layout.variants.flatMap((name) => cuts[0].views.map(VARIANTS[name].change));
  return {
    views: [...cuts.flatMap((cut) => cut.views), ...changed],
    places: cuts.flatMap((cut) => cut.places),
    counts: cuts.map((cut) => cut.views.length),
    width,
    height,
  };
}

/**
 * The picture as the views see it: reduced first, then saved once as JPEG where it may never have been.
 * @param {Canonical} how
 * @param {Raster} picture
 * @param {boolean} lossless
 * @returns {Raster}
 */
function canonical(how, picture, lossless) {
  const { width, height } = picture;
  const longest = Math.max(width, height);
  if (longest > how.long_side) {
    const across = Math.max(1, roundEven((width * how.long_side) / longest));
    const down = Math.max(1, roundEven((height * how.long_side) / longest));
    const factor = Math.floor(longest / how.long_side);
    if (factor > 1) picture = reduce(picture, factor, factor);
    picture = resize(picture, across, down, "lanczos");
  }
  return lossless ? jpegRoundTrip(picture, how.quality) : picture;
}

/**
 * Of the ways in which views were cut, in their order; those beyond the counts are variants of the first.
 * @param {Layout} layout
 * @param {number[]} counts
 * @param {number} views how many there are in all
 * @returns {string[]}
 */
export function names(layout, counts, views) {
  const cut = layout.entries.flatMap((entry, at) => Array(counts[at]).fill(entry.view));
  return [...cut, ...Array(views - cut.length).fill(layout.entries[0].view)];
}

/**
 * Weights of the entries, where a picture has so many views of each: an absent one's goes to the first.
 * @param {Layout} layout
 * @param {number[]} counts
 * @returns {number[]}
 */
export function weights(layout, counts) {
  const present = layout.entries.map((entry, at) => (counts[at] ? entry.weight : 0));
  const total = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + value, 0);
  present[0] += total(layout.entries.map((entry) => entry.weight)) - total(present);
  return present;
}

/**
 * Scores of a picture: as it is, and with the first entry's views under each variant.
 * @param {Layout} layout
 * @param {number[]} logits of its views
 * @param {number[]} counts of views in each entry
 * @returns {number[]} 1 + K for K variants
 */
export function weigh(layout, logits, counts) {
  const present = weights(layout, counts);
  let end = counts[0];
  let rest = layout.bias;
  for (let entry = 1; entry < counts.length; entry++) {
    const start = end;
    end += counts[entry];
    if (counts[entry]) rest += present[entry] * mean(logits.slice(start, end));
  }
  const leading = [...logits.slice(0, counts[0]), ...logits.slice(end)];
  const scores = [];
  for (let at = 0; at < leading.length; at += counts[0]) {
    scores.push(present[0] * mean(leading.slice(at, at + counts[0])) + rest);
  }
  return scores;
}

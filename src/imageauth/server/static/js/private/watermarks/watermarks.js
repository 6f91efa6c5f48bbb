// Marks that generators leave in the pixels, as imageauth/provenance/watermarks: the same marks, thresholds and words.

import { evidence } from "../evidence.js";
import { findColourBar } from "./colour_bar.js";
import { readInvisible } from "./invisible.js";
import { findSparkle } from "./sparkle.js";

/** @typedef {import("../raster.js").Raster} Raster */
/**
 * One mark that was found.
 * @typedef {object} Watermark
 * @property {string} code
 * @property {string} name for a table
 * @property {string} finding as a sentence
 * @property {Record<string, any>} measured how clear it is
 */

/** No mark is looked for whose measured rate of false alarms is above this: docs/watermarks.md. */
const MEASURED_RATE = 1e-4;

/**
 * Every known mark in a picture, as evidence; none gives none.
 * @param {Raster} picture
 * @returns {import("../evidence.js").Evidence[]}
 */
export function findWatermarks(picture) {
  const visible = [findColourBar(picture), findSparkle(picture)].filter((mark) => mark !== null);
  return [...readInvisible(picture), ...visible].map(({ code, name, finding, measured }) =>
    evidence("watermark", code, finding, { name, ...measured, false_alarms_at_most: MEASURED_RATE }, "ai", "declared"),
  );
}

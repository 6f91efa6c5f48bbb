// Harmless changes under which an answer must hold. As imageauth/pixels/stability.py.

import { jpegRoundTrip } from "./jpeg_round_trip.js";
import { mean, roundEven } from "./numbers.js";
import { upright } from "./raster.js";
import { resize } from "./resample.js";
import { moved } from "./views.js";

/** @typedef {import("./raster.js").Raster} Raster */

export const AS_IS = "as-is";

const mirrored = (/** @type {Raster} */ view) => upright(view, 2);

/** @type {(view: Raster, factor: number) => Raster} */
function rescaled(view, factor) {
  const width = Math.max(1, roundEven(view.width * factor));
  const height = Math.max(1, roundEven(view.height * factor));
  return resize(resize(view, width, height, "bicubic"), view.width, view.height, "bicubic");
}

/**
 * Name → what is done, in words; whether fine detail survives it; and the function.
 * @type {Readonly<Record<string, {words: string, lossless: boolean, change: (view: Raster) => Raster}>>}
 */
export const VARIANTS = Object.freeze({
  moved: { words: "moved by one pixel", lossless: true, change: (view) => moved(view, 1) },
  mirrored: { words: "mirrored and moved by one pixel", lossless: true, change: (view) => mirrored(moved(view, -1)) },
  flipped: { words: "mirrored", lossless: true, change: mirrored },
  "re-encoded": {
    words: "saved again as JPEG of quality 90",
    lossless: false,
    change: (view) => jpegRoundTrip(view, 90),
  },
  "re-encoded-75": {
    words: "saved again as JPEG of quality 75",
    lossless: false,
    change: (view) => jpegRoundTrip(view, 75),
  },
  resized: {
    words: "reduced to three quarters and enlarged again",
    lossless: false,
    change: (view) => rescaled(view, 0.75),
  },
  "passed-on": {
    words: "mirrored, reduced to three quarters and enlarged again, and saved again as JPEG of quality 75",
    lossless: false,
    change: (view) => jpegRoundTrip(rescaled(mirrored(view), 0.75), 75),
  },
});

/**
 * The score of a picture: the mean over it as it is and its lossless variants; the others only test.
 * @param {number[]} scores of the picture as it is, then under each variant
 * @param {string[]} names of the variants
 */
export function pool(scores, names) {
  return mean(scores.filter((_, at) => at === 0 || VARIANTS[names[at - 1]].lossless));
}

// A heatmap as a picture to lay over the checked one: transparent where nothing speaks. Colours and opacity as in
// imageauth/rendering/heatmap.py.

import { FILTERS } from "./resample.js";

/** @typedef {import("./heatmap.js").Heat} Heat */

// Orange and blue stay apart for every kind of colour vision.
const AI = [217, 95, 2];
const REAL = [33, 102, 172];
const MOST_OPAQUE = 0.75;
const MOST_SIDE = 512;

/**
 * @param {Heat} heat
 * @param {number} width of the picture
 * @param {number} height
 * @returns {Promise<{media_type: string, width: number, height: number, data: string}>} `data`: PNG in base64
 */
export async function overlay(heat, width, height) {
  const scale = Math.min(1, MOST_SIDE / Math.max(width, height));
  const across = Math.max(1, Math.round(width * scale));
  const down = Math.max(1, Math.round(height * scale));
  const canvas = new OffscreenCanvas(across, down);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.putImageData(new ImageData(coloured(heat, across, down), across, down), 0, 0);
  const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
  return { media_type: "image/png", width: across, height: down, data: base64(bytes) };
}

/**
 * @param {Heat} heat
 * @param {number} width
 * @param {number} height
 * @returns {Uint8ClampedArray<ArrayBuffer>} RGBA
 */
export function coloured(heat, width, height) {
  const data = heat.data.map((value) => (Number.isNaN(value) ? 0 : value));
  const strongest = Math.max(data.reduce((most, value) => Math.max(most, Math.abs(value)), 0), 1e-6);
  const columns = smooth(heat.width, width);
  const rows = smooth(heat.height, height);
  // Across first, then down.
  const lines = new Float64Array(heat.height * width);
  for (let row = 0; row < heat.height; row++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (const [column, weight] of columns[x]) sum += data[row * heat.width + column] * weight;
      lines[row * width + x] = sum;
    }
  }
  const result = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let value = 0;
      for (const [row, weight] of rows[y]) value += lines[row * width + x] * weight;
      const at = (y * width + x) * 4;
      result.set(value > 0 ? AI : REAL, at);
      result[at + 3] = Math.min(1, Math.abs(value) / strongest) * MOST_OPAQUE * 255;
    }
  }
  return result;
}

/**
 * Of each output sample, which input samples make it, and with what weight: bicubic, as Pillow has it.
 * @param {number} from samples
 * @param {number} to samples
 * @returns {[number, number][][]}
 */
function smooth(from, to) {
  const scale = from / to;
  const stretch = Math.max(1, scale);
  return Array.from({ length: to }, (_, at) => {
    const centre = (at + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - 2 * stretch + 0.5));
    const end = Math.min(from, Math.trunc(centre + 2 * stretch + 0.5));
    /** @type {[number, number][]} */
    const found = [];
    for (let k = first; k < end; k++) found.push([k, FILTERS.bicubic.weigh((k - centre + 0.5) / stretch)]);
    const sum = found.reduce((total, [, weight]) => total + weight, 0);
    return found.map(([k, weight]) => [k, weight / sum]);
  });
}

/** @param {Uint8Array} bytes */
function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

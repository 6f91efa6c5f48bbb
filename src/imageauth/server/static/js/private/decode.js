// A file's bytes → its pixels: 8-bit sRGB, upright, transparency laid on white. As imageauth/images.py.

import { checkLength, checkSize, MAX_PIXELS, readHeader } from "./formats.js";
import { damaged, ImageError } from "./failures.js";
import { colours } from "./profile.js";
import { blank, upright } from "./raster.js";

/** @typedef {import("./raster.js").Raster} Raster */
/** @typedef {{picture: Raster, transparent: boolean, notes?: string[]}} Decoded */
/**
 * @typedef {object} Picture
 * @property {Raster} picture
 * @property {string} format
 * @property {string[]} notes
 * @property {boolean} lossless
 * @property {number|null} quality of a JPEG
 */

// Read back in strips of so many pixels, since a whole copy of a large picture would fill the memory.
const STRIP = 4_000_000;

/**
 * @param {Uint8Array} bytes
 * @returns {Promise<Picture>}
 * @throws {ImageError}
 */
export async function decode(bytes) {
  checkLength(bytes.length);
  const header = await readHeader(bytes);
  checkSize(header.width, header.height);
  const { convert, notes } = colours(header.profile, header.mode);
  const decoded = !convert && header.pixels ? await header.pixels() : await byBrowser(header.plain(convert), convert);
  const laid = decoded.transparent ? ["Transparent parts were laid on white."] : [];
  return {
    picture: upright(decoded.picture, header.orientation),
    format: header.format,
    notes: [...header.notes, ...(decoded.notes ?? []), ...notes, ...laid],
    lossless: header.lossless,
    quality: header.quality,
  };
}

/**
 * @param {Uint8Array[]} parts of the file
 * @param {boolean} convert by its colour profile
 * @returns {Promise<Decoded>}
 */
async function byBrowser(parts, convert) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(new Blob(/** @type {BlobPart[]} */ (parts)), {
      colorSpaceConversion: convert ? "default" : "none",
      premultiplyAlpha: "none",
    });
  } catch {
    throw damaged("this browser cannot decode it");
  }
  try {
    const { width, height } = bitmap;
    if (width * height > MAX_PIXELS) throw new ImageError("too-large", `has ${width}×${height} pixels`);
    const rows = Math.max(1, Math.min(height, Math.floor(STRIP / width)));
    const context = new OffscreenCanvas(width, rows).getContext("2d", { willReadFrequently: true });
    if (!context) throw new ImageError("too-large", "needs more memory than there is");
    const picture = blank(width, height);
    let transparent = false;
    for (let top = 0; top < height; top += rows) {
      const strip = Math.min(rows, height - top);
      context.clearRect(0, 0, width, rows);
      context.drawImage(bitmap, 0, -top);
      const { data } = context.getImageData(0, 0, width, strip);
      transparent = onWhite(data, picture.data, top * width * 3) || transparent;
    }
    return { picture, transparent };
  } finally {
    bitmap.close();
  }
}

/**
 * Pixels laid on white, rounded as Pillow's `paste` does.
 * @param {Uint8Array|Uint8ClampedArray} rgba
 * @param {Uint8Array} to RGB
 * @param {number} at first place in it
 * @returns {boolean} whether any of them is transparent
 */
export function onWhite(rgba, to, at) {
  let transparent = false;
  for (let from = 0; from < rgba.length; from += 4, at += 3) {
    const alpha = rgba[from + 3];
    if (alpha === 255) {
      to[at] = rgba[from];
      to[at + 1] = rgba[from + 1];
      to[at + 2] = rgba[from + 2];
      continue;
    }
    transparent = true;
    for (let c = 0; c < 3; c++) {
      const sum = 255 * (255 - alpha) + rgba[from + c] * alpha + 128;
      to[at + c] = ((sum >> 8) + sum) >> 8;
    }
  }
  return transparent;
}

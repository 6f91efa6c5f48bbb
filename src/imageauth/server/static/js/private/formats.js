// Which format a file has, and what its header says; untrusted, so everything is bounded before it is decoded.
// As imageauth/images.py.

import { text, u32 } from "./bytes.js";
import { ImageError } from "./failures.js";
import { readJpeg } from "./jpeg_file.js";
import { readAvif, readBmp, readGif, readWebp } from "./other_files.js";
import { readPng } from "./png_file.js";

/**
 * @typedef {object} Header
 * @property {string} format as reports call it
 * @property {number} width pixels, as stored
 * @property {number} height
 * @property {"RGB"|"L"|"CMYK"} mode
 * @property {number} orientation of EXIF, 1..8
 * @property {boolean} lossless whether nothing was lost when the file was written
 * @property {number|null} quality of a JPEG
 * @property {Uint8Array|null} profile ICC
 * @property {string[]} notes
 * @property {(keepProfile: boolean) => Uint8Array[]} plain the file's bytes without what would turn or colour it
 * @property {(() => Promise<import("./decode.js").Decoded>)} [pixels] decodes it without the browser's help
 */

export const MAX_BYTES = 64 * 2 ** 20;
export const MAX_PIXELS = 100_000_000;
export const MIN_SIDE = 16;

const HEIC = new Set(["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"]);
const READERS = { jpeg: readJpeg, png: readPng, webp: readWebp, gif: readGif, bmp: readBmp, avif: readAvif };

/**
 * The format that the first bytes claim; null where none is known.
 * @param {Uint8Array} bytes
 * @returns {keyof typeof READERS|"tiff"|"heic"|"svg"|null}
 */
export function kindOf(bytes) {
  if (text(bytes, 4, 8) === "ftyp") {
    const brands = new Set([text(bytes, 8, 12)]);
    for (let at = 16; at + 4 <= Math.min(u32(bytes, 0), 256); at += 4) brands.add(text(bytes, at, at + 4));
    if (brands.has("avif") || brands.has("avis")) return "avif";
    return [...brands].some((brand) => HEIC.has(brand)) ? "heic" : null;
  }
  if (text(bytes, 0, 4) === "RIFF" && text(bytes, 8, 12) === "WEBP") return "webp";
  if (text(bytes, 0, 3) === "\xff\xd8\xff") return "jpeg";
  if (text(bytes, 0, 4) === "\x89PNG") return "png";
  if (/^GIF8[79]a/.test(text(bytes, 0, 6))) return "gif";
  if (text(bytes, 0, 2) === "BM") return "bmp";
  if (["II*\0", "MM\0*"].includes(text(bytes, 0, 4))) return "tiff";
  const head = text(bytes, 0, 65536).replace(/^(\xef\xbb\xbf|\s)+/, "");
  return head.startsWith("<") && /<(?:[A-Za-z_][\w.-]{0,30}:)?svg[\s>/]/.test(head) ? "svg" : null;
}

/** @param {number} length of a file, bytes */
export function checkLength(length) {
  if (!length) throw new ImageError("empty", "is empty (0 bytes)");
  if (length > MAX_BYTES) throw new ImageError("too-large", `is larger than the limit of ${MAX_BYTES >> 20} MiB`);
}

/**
 * @param {Uint8Array} bytes of a file
 * @returns {Promise<Header>}
 * @throws {ImageError} nothing here can read it
 */
export async function readHeader(bytes) {
  const kind = kindOf(bytes);
  if (kind === "svg") {
    throw new ImageError("unsupported-format", "is SVG, a drawing without pixels to check");
  }
  if (kind === "heic" || kind === "tiff") {
    const name = kind.toUpperCase();
    const advice = "check it with the command or a server of imageauth";
    throw new ImageError("unsupported-format", `is ${name}, which cannot be checked inside a browser: ${advice}`);
  }
  if (!kind) {
    const names = "JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC";
    throw new ImageError("unsupported-format", `is not a ${names} image`);
  }
  return READERS[kind](bytes);
}

/**
 * @param {number} width pixels
 * @param {number} height
 * @throws {ImageError} it is no size to decode
 */
export function checkSize(width, height) {
  const size = `${width}×${height} pixels`;
  if (!(width > 0 && height > 0)) throw new ImageError("corrupt", `claims a size of ${size}`);
  if (width * height > MAX_PIXELS) {
    throw new ImageError("too-large", `has ${size}; the limit is ${MAX_PIXELS / 1e6} megapixels`);
  }
  if (Math.min(width, height) < MIN_SIDE) {
    throw new ImageError("too-small", `has ${size}; at least ${MIN_SIDE}×${MIN_SIDE} are needed`);
  }
}

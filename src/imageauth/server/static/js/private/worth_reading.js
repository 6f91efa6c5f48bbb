// Whether a file may say anything of itself, by a look at its structure that costs nothing. Readers that take megabytes
// to load are spared for files that hold nothing but a picture; whenever in doubt, the answer is yes.

import { text, u16 } from "./bytes.js";

/** JPEG segments (ITU-T T.81, Annex B) that only tell how to decode: frames, tables, restarts. */
const JPEG_DECODING = new Set([
  0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xdb, 0xdc, 0xdd,
]);
/** PNG chunks that only tell how to show the picture (PNG specification, third edition, 11). */
const PNG_SHOWING = new Set([
  "IHDR", "PLTE", "IDAT", "tRNS", "cHRM", "gAMA", "iCCP", "sBIT", "sRGB", "cICP", "mDCV", "cLLI", "bKGD", "hIST", "pHYs",
  "sPLT", "tIME", "acTL", "fcTL", "fdAT",
]);
/** The same of WebP (RFC 9649, 2.7). */
const WEBP_SHOWING = new Set(["VP8 ", "VP8X", "ALPH", "ANIM", "ANMF", "ICCP"]);
const MOST_STEPS = 50_000;
/** Rows of a PNG whose first pixels spell the first two letters of what stands before hidden parameters, `st`. */
const HIDDEN_ROWS = 16;

/**
 * @param {Uint8Array} bytes the file
 * @returns {Promise<boolean>} false: it certainly holds no metadata, no credentials and no hidden parameters
 */
export async function isWorthReading(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return !isPlainJpeg(bytes);
  if (text(bytes, 0, 4) === "\x89PNG") return !(await isPlainPng(bytes));
  if (text(bytes, 0, 4) === "RIFF" && text(bytes, 8, 12) === "WEBP") return !isPlainWebp(bytes);
  if (text(bytes, 0, 2) === "BM") return false; // no reader knows anything that a BMP could say
  return true;
}

/** @param {Uint8Array} bytes */
function isPlainJpeg(bytes) {
  let at = 2;
  for (let step = 0; step < MOST_STEPS; step += 1) {
    if (at + 4 > bytes.length || bytes[at] !== 0xff) return false;
    const marker = bytes[at + 1];
    if (marker === 0xda) return true; // what follows is the picture, and nobody reads behind it
    const size = u16(bytes, at + 2);
    if (size < 2 || !(JPEG_DECODING.has(marker) || isJpegApplication(bytes, at, marker))) return false;
    at += 2 + size;
  }
  return false;
}

/** Segments of applications that only tell how to decode. A JFIF header with a thumbnail is one of them. */
function isJpegApplication(bytes, at, marker) {
  const starts = (/** @type {string} */ name) => text(bytes, at + 4, at + 4 + name.length) === name;
  if (marker === 0xe0) return starts("JFIF\0") || starts("JFXX\0");
  if (marker === 0xe2) return starts("ICC_PROFILE\0") || starts("MPF\0");
  return marker === 0xee && starts("Adobe");
}

/** @param {Uint8Array} bytes */
async function isPlainPng(bytes) {
  /** @type {Uint8Array[]} */
  const pixels = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 8;
  for (let step = 0; step < MOST_STEPS && at + 12 <= bytes.length; step += 1) {
    const size = view.getUint32(at);
    const kind = text(bytes, at + 4, at + 8);
    if (kind === "IEND") return !(await mayHide(bytes, view, pixels));
    if (!PNG_SHOWING.has(kind)) return false;
    if (kind === "IDAT" && pixels.length < 64) pixels.push(bytes.subarray(at + 8, at + 8 + size));
    at += 12 + size;
  }
  return false;
}

/**
 * Whether parameters may hide in the lowest bits: their first two letters, looked for in the first column. Of a row's
 * first pixel every filter predicts at most the one above (PNG specification, 9.2).
 */
async function mayHide(bytes, view, pieces) {
  const channels = { 2: 3, 6: 4 }[bytes[25]];
  if (bytes[24] !== 8 || !channels || bytes[28] !== 0) return false; // nobody hides them elsewhere
  const stride = 1 + view.getUint32(16) * channels;
  const raw = await firstBytes(pieces, stride * (HIDDEN_ROWS - 1) + 1 + channels);
  const above = new Uint8Array(channels);
  let alpha = "";
  let colours = "";
  for (let start = 0; start + channels < raw.length && alpha.length < HIDDEN_ROWS; start += stride) {
    for (let channel = 0; channel < channels; channel += 1) {
      const up = { 2: above[channel], 3: above[channel] >> 1, 4: above[channel] }[raw[start]] ?? 0;
      above[channel] = raw[start + 1 + channel] + up;
    }
    alpha += above[channels - 1] & 1;
    colours += `${above[0] & 1}${above[1] & 1}${above[2] & 1}`;
  }
  const spelled = "st".replace(/./g, (letter) => letter.charCodeAt(0).toString(2).padStart(8, "0"));
  return [alpha, colours].some((bits) => bits.length > 0 && spelled.startsWith(bits.slice(0, spelled.length)));
}

/** The first bytes that a PNG's pixels inflate to, as far as they are sound. */
async function firstBytes(pieces, count) {
  const found = new Uint8Array(count);
  let filled = 0;
  const reader = new Blob(pieces).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  try {
    while (filled < count) {
      const { done, value } = await reader.read();
      if (done) break;
      found.set(value.subarray(0, count - filled), filled);
      filled += Math.min(value.length, count - filled);
    }
  } catch {
    // Damage further on does not matter to what came before.
  }
  reader.cancel().catch(() => {});
  return found.subarray(0, filled);
}

/** @param {Uint8Array} bytes */
function isPlainWebp(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 12;
  for (let step = 0; step < MOST_STEPS && at + 8 <= bytes.length; step += 1) {
    const kind = text(bytes, at, at + 4);
    // A lossless picture may use its alpha channel (RFC 9649, 3.4), where parameters may hide.
    const opaque = kind === "VP8L" && bytes[at + 8] === 0x2f && !((bytes[at + 12] >> 4) & 1);
    if (!opaque && !WEBP_SHOWING.has(kind)) return false;
    const size = view.getUint32(at + 4, true);
    at += 8 + size + (size & 1);
  }
  return at >= bytes.length;
}

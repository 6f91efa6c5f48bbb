// What WebP, GIF, BMP and AVIF files say before they are decoded.

import { find, text, u16le, u32, u32le } from "./bytes.js";
import { damaged } from "./failures.js";
import { orientationOf } from "./orientation.js";

/** @typedef {import("./formats.js").Header} Header */

const FIRST = "Only the first frame of this file was checked.";

/** @param {Partial<Header> & {format: string, width: number, height: number, plain: Header["plain"]}} said */
const headerOf = (said) =>
  /** @type {Header} */ ({ mode: "RGB", orientation: 1, lossless: false, quality: null, profile: null, notes: [], ...said });

/** @param {Uint8Array} bytes @returns {Header} */
export function readWebp(bytes) {
  /** @type {{name: string, start: number, end: number}[]} */
  const chunks = [];
  for (let at = 12; at + 8 <= bytes.length && chunks.length < 10_000; ) {
    const end = at + 8 + u32le(bytes, at + 4);
    chunks.push({ name: text(bytes, at, at + 4), start: at + 8, end: Math.min(end, bytes.length) });
    at = end + (end & 1);
  }
  const first = chunks[0];
  if (!first) throw damaged("no picture in it");
  const part = (/** @type {string} */ name) => {
    const found = chunks.find((chunk) => chunk.name === name);
    return found ? bytes.subarray(found.start, found.end) : null;
  };
  let [width, height] = [0, 0];
  const at = first.start;
  if (first.name === "VP8X") {
    [width, height] = [1 + (u32le(bytes, at + 4) & 0xffffff), 1 + ((u32le(bytes, at + 6) >>> 8) & 0xffffff)];
  } else if (first.name === "VP8L") {
    const packed = u32le(bytes, at + 1);
    [width, height] = [1 + (packed & 0x3fff), 1 + ((packed >>> 14) & 0x3fff)];
  } else if (first.name === "VP8 ") {
    [width, height] = [u16le(bytes, at + 6) & 0x3fff, u16le(bytes, at + 8) & 0x3fff];
  } else throw damaged("no picture in it");
  return headerOf({
    format: "webp",
    width,
    height,
    orientation: orientationOf(part("EXIF"), part("XMP ")),
    lossless: first.name === "VP8L" || (first.name === "VP8X" && find(bytes, "VP8 ") < 0),
    profile: part("ICCP"),
    notes: chunks.filter(({ name }) => name === "ANMF").length > 1 ? [FIRST] : [],
    plain: (keepProfile) => withoutChunks(bytes, chunks, keepProfile ? ["EXIF", "XMP "] : ["EXIF", "XMP ", "ICCP"]),
  });
}

/**
 * Decoders skip chunks whose names they do not know, so names are changed rather than bytes moved.
 * @type {(bytes: Uint8Array, chunks: {name: string, start: number}[], names: string[]) => Uint8Array[]}
 */
function withoutChunks(bytes, chunks, names) {
  const hidden = chunks.filter(({ name }) => names.includes(name));
  if (!hidden.length) return [bytes];
  const copy = bytes.slice();
  for (const { start } of hidden) copy.fill(0x78, start - 8, start - 4);
  // The extended header announces them: bits for ICC, EXIF and XMP.
  if (chunks[0].name === "VP8X") copy[chunks[0].start] &= names.includes("ICCP") ? ~0x2c : ~0x0c;
  return [copy];
}

/** @param {Uint8Array} bytes @returns {Header} */
export function readGif(bytes) {
  return headerOf({
    format: "gif",
    width: u16le(bytes, 6),
    height: u16le(bytes, 8),
    lossless: true,
    notes: gifFrames(bytes) > 1 ? [FIRST] : [],
    plain: () => [bytes],
  });
}

/** Two are enough to tell. @param {Uint8Array} bytes */
function gifFrames(bytes) {
  const table = (/** @type {number} */ flags) => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  let frames = 0;
  let at = 13 + table(bytes[10]);
  const skipBlocks = () => {
    while (at < bytes.length && bytes[at]) at += bytes[at] + 1;
    at++;
  };
  while (at < bytes.length && frames < 2) {
    if (bytes[at] === 0x21) {
      at += 2;
      skipBlocks();
    } else if (bytes[at] === 0x2c) {
      frames++;
      at += 10 + table(bytes[at + 9]) + 1;
      skipBlocks();
    } else break;
  }
  return frames;
}

/** @param {Uint8Array} bytes @returns {Header} */
export function readBmp(bytes) {
  const old = u32le(bytes, 14) === 12;
  const [width, height] = old
    ? [u16le(bytes, 18), u16le(bytes, 20)]
    : [u32le(bytes, 18) | 0, Math.abs(u32le(bytes, 22) | 0)];
  return headerOf({ format: "bmp", width, height, lossless: true, plain: () => [bytes] });
}

/**
 * AVIF: the largest of the sizes that its items have (ISO/IEC 23008-12, "ispe"); the browser turns it.
 * @param {Uint8Array} bytes
 * @returns {Header}
 */
export function readAvif(bytes) {
  let [width, height] = [0, 0];
  for (let at = find(bytes, "ispe"), count = 0; at >= 0 && count < 1000; at = find(bytes, "ispe", at + 4), count++) {
    const [across, down] = [u32(bytes, at + 8), u32(bytes, at + 12)];
    if (across * down > width * height) [width, height] = [across, down];
  }
  const notes = text(bytes, 8, 12) === "avis" ? [FIRST] : [];
  return headerOf({ format: "avif", width, height, notes, plain: () => [bytes] });
}

// What a JPEG file says before it is decoded (ITU-T T.81), and a copy of it without what would turn or colour it.

import { joined, text, u16 } from "./bytes.js";
import { damaged, ImageError } from "./failures.js";
import { quality } from "./jpeg_tables.js";
import { orientationOf } from "./orientation.js";

// A progressive JPEG is decoded once for each of its scans; a hostile one repeats scans to burn hours.
const MAX_SCANNED_PIXELS = 3_000_000_000;
const FRAMES = new Set([0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf]);
const [SOI, EOI, SOS, DQT, APP1, APP2, APP14, COM] = [0xd8, 0xd9, 0xda, 0xdb, 0xe1, 0xe2, 0xee, 0xfe];
const EXIF = "Exif\0\0";
const XMP = "http://ns.adobe.com/xap/1.0/\0";
const ICC = "ICC_PROFILE\0";

/** @typedef {{marker: number, start: number, end: number}} Segment marker included */

/**
 * Segments up to the first scan.
 * @param {Uint8Array} bytes
 * @returns {Segment[]} the last one begins the scan
 */
function header(bytes) {
  const segments = [];
  let at = 2;
  while (at + 4 <= bytes.length) {
    const marker = bytes[at + 1];
    // Decoders pass over fill bytes, and over rubbish between segments.
    if (bytes[at] !== 0xff || marker === 0xff || marker === 0) {
      at++;
      continue;
    }
    if (marker === EOI) break;
    if (marker === 0x01 || (marker >= 0xd0 && marker <= SOI)) {
      at += 2;
      continue;
    }
    const end = at + 2 + u16(bytes, at + 2);
    segments.push({ marker, start: at, end });
    if (marker === SOS) return segments;
    at = end;
  }
  throw damaged("no picture in it");
}

/**
 * @param {Uint8Array} bytes
 * @returns {import("./formats.js").Header}
 * @throws {ImageError}
 */
export function readJpeg(bytes) {
  const segments = header(bytes);
  const frame = segments.find(({ marker }) => FRAMES.has(marker));
  if (!frame) throw damaged("no frame in it");
  const height = u16(bytes, frame.start + 5);
  const width = u16(bytes, frame.start + 7);
  const components = bytes[frame.start + 9];
  const [exif, xmp] = [EXIF, XMP].map((name) => {
    const found = segments.find(
      ({ marker, start }) => marker === APP1 && text(bytes, start + 4, start + 4 + name.length) === name,
    );
    return found ? bytes.subarray(found.start + 4 + name.length, found.end) : null;
  });
  const scans = walk(bytes, segments[segments.length - 1].start);
  if (frame.marker === 0xc2 && scans * width * height > MAX_SCANNED_PIXELS) {
    throw new ImageError("too-large", "is a progressive JPEG with more scans than an honest one has");
  }
  const notes = several(bytes, segments) ? ["Only the first frame of this file was checked."] : [];
  return {
    format: "jpeg",
    width,
    height,
    mode: components === 1 ? "L" : components === 4 ? "CMYK" : "RGB",
    orientation: orientationOf(exif, xmp),
    lossless: false,
    quality: quality(lumaTable(bytes, segments)),
    profile: profile(bytes, segments),
    notes,
    plain: (keepProfile) => plain(bytes, segments, keepProfile),
  };
}

/**
 * Scans of the first picture, up to its end.
 * @param {Uint8Array} bytes
 * @param {number} at the first scan
 */
function walk(bytes, at) {
  let scans = 0;
  while (at + 1 < bytes.length) {
    at = bytes.indexOf(0xff, at);
    if (at < 0 || at + 1 >= bytes.length) break;
    const marker = bytes[at + 1];
    // Stuffed zeros, restarts and fill bytes stand inside a scan's data.
    if (marker === 0 || marker === 1 || marker === 0xff || (marker >= 0xd0 && marker <= SOI)) {
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    if (marker === EOI) return scans;
    scans += marker === SOS ? 1 : 0;
    at += 2 + u16(bytes, at + 2);
  }
  throw damaged("the picture does not end");
}

/** @type {(bytes: Uint8Array, segments: Segment[]) => number[]|null} */
function lumaTable(bytes, segments) {
  let table = null;
  for (const { marker, start, end } of segments) {
    if (marker !== DQT) continue;
    for (let at = start + 4; at < end; ) {
      const wide = bytes[at] >> 4 ? 2 : 1;
      if ((bytes[at] & 15) === 0 && at + 1 + 64 * wide <= end) {
        const from = at + 1;
        table = Array.from({ length: 64 }, (_, k) => (wide === 2 ? u16(bytes, from + 2 * k) : bytes[from + k]));
      }
      at += 1 + 64 * wide;
    }
  }
  return table;
}

/** @type {(bytes: Uint8Array, segments: Segment[]) => Uint8Array|null} */
function profile(bytes, segments) {
  const parts = segments.filter(
    ({ marker, start }) => marker === APP2 && text(bytes, start + 4, start + 4 + ICC.length) === ICC,
  );
  parts.sort((a, b) => bytes[a.start + 16] - bytes[b.start + 16]);
  return parts.length ? joined(parts.map(({ start, end }) => bytes.subarray(start + 18, end))) : null;
}

/**
 * Whether further pictures lie behind the first (CIPA DC-007, Multi-Picture Format): its index says how many.
 * @type {(bytes: Uint8Array, segments: Segment[]) => boolean}
 */
function several(bytes, segments) {
  const found = segments.find(({ marker, start }) => marker === APP2 && text(bytes, start + 4, start + 8) === "MPF\0");
  if (!found) return false;
  const tiff = bytes.subarray(found.start + 8, found.end);
  const little = tiff[0] === 0x49;
  const number = (/** @type {number} */ at, /** @type {number} */ size) => {
    let value = 0;
    for (let k = 0; k < size; k++) value = value * 256 + tiff[little ? at + size - 1 - k : at + k];
    return value;
  };
  const start = number(4, 4);
  for (let at = start + 2, end = at + number(start, 2) * 12; at + 12 <= Math.min(end, tiff.length); at += 12) {
    if (number(at, 2) === 0xb001) return number(at + 8, 4) > 1;
  }
  return false;
}

/**
 * The picture alone: nothing that would turn it, and its profile only where it shall be applied.
 * @type {(bytes: Uint8Array, segments: Segment[], keepProfile: boolean) => Uint8Array[]}
 */
function plain(bytes, segments, keepProfile) {
  const kept = segments.filter(({ marker }) => {
    if (marker === APP2) return keepProfile;
    return marker !== COM && !(marker >= APP1 && marker <= 0xef && marker !== APP14);
  });
  const scan = segments[segments.length - 1];
  return [bytes.subarray(0, 2), ...kept.map(({ start, end }) => bytes.subarray(start, end)), bytes.subarray(scan.end)];
}

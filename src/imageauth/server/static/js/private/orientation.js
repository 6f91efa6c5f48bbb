// How a picture must be turned to stand upright: EXIF's word (TIFF 6.0, tag 274), or else XMP's, as Pillow reads them.

import { text, u16, u16le, u32, u32le } from "./bytes.js";

const TAG = 274;
// No honest header block is longer; the words stand near its beginning.
const MOST_XMP = 2 ** 20;

/**
 * @param {Uint8Array|null} exif a TIFF block, with or without "Exif\0\0" before it
 * @param {Uint8Array|null} [xmp]
 * @returns {number} 1..8; 1 where nothing says otherwise
 */
export function orientationOf(exif, xmp = null) {
  return (exif && ofExif(exif)) || (xmp && ofXmp(xmp)) || 1;
}

/** @param {Uint8Array} block @returns {number|null} */
function ofExif(block) {
  const tiff = text(block, 0, 6) === "Exif\0\0" ? block.subarray(6) : block;
  const order = text(tiff, 0, 2);
  if (order !== "II" && order !== "MM") return null;
  const [short, long] = order === "II" ? [u16le, u32le] : [u16, u32];
  const start = long(tiff, 4);
  if (!(start + 2 <= tiff.length)) return null;
  const count = short(tiff, start);
  for (let at = start + 2, end = Math.min(at + count * 12, tiff.length - 11); at < end; at += 12) {
    if (short(tiff, at) === TAG) return short(tiff, at + 2) === 3 ? short(tiff, at + 8) : null;
  }
  return null;
}

/** @param {Uint8Array} xmp @returns {number|null} */
function ofXmp(xmp) {
  const found = /tiff:Orientation(?:="|>)([0-9])/.exec(text(xmp, 0, MOST_XMP));
  return found ? Number(found[1]) : null;
}

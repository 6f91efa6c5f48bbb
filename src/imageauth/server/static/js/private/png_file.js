// PNG, read here rather than by the browser, whose colour management and premultiplied alpha change pixels
// (W3C PNG, third edition). Values as Pillow gives them: 16-bit colours by their high byte, 16-bit greys by rounding.

import { joined, text, u16, u32 } from "./bytes.js";
import { onWhite } from "./decode.js";
import { damaged, ImageError } from "./failures.js";
import { roundEven } from "./numbers.js";
import { orientationOf } from "./orientation.js";
import { blank } from "./raster.js";

/** @typedef {import("./formats.js").Header} Header */
/**
 * @typedef {object} Chunks
 * @property {number} width
 * @property {number} height
 * @property {number} depth bits a sample
 * @property {number} type of colour
 * @property {boolean} interlaced
 * @property {Uint8Array|null} palette
 * @property {Uint8Array|null} transparency
 * @property {Uint8Array[]} data
 */

const MAX_CHUNKS = 50_000;
const MOST_TEXT = 2 ** 20;
const CHANNELS = new Map([[0, 1], [2, 3], [3, 1], [4, 2], [6, 4]]);
const PASSES = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];

/**
 * @param {Uint8Array} bytes
 * @returns {Promise<Header>}
 * @throws {ImageError}
 */
export async function readPng(bytes) {
  if (text(bytes, 0, 8) !== "\x89PNG\r\n\x1a\n") {
    throw new ImageError("corrupt", "begins like a PNG file but its header cannot be read");
  }
  /** @type {Map<string, Uint8Array[]>} */
  const chunks = new Map();
  let at = 8;
  for (let count = 0; at + 12 <= bytes.length; count++) {
    if (count === MAX_CHUNKS) {
      const many = MAX_CHUNKS.toLocaleString("en");
      throw new ImageError("too-large", `is a PNG of more than ${many} chunks, far more than an honest one has`);
    }
    const end = at + 8 + u32(bytes, at);
    const name = text(bytes, at + 4, at + 8);
    const known = chunks.get(name) ?? [];
    chunks.set(name, known);
    known.push(bytes.subarray(at + 8, Math.min(end, bytes.length)));
    at = end + 4;
    if (name === "IEND") break;
  }
  const head = chunks.get("IHDR")?.[0];
  if (!head || head.length < 13) throw new ImageError("corrupt", "has a damaged header (it has no IHDR chunk)");
  const content = {
    width: u32(head, 0),
    height: u32(head, 4),
    depth: head[8],
    type: head[9],
    interlaced: head[12] === 1,
    palette: chunks.get("PLTE")?.[0] ?? null,
    transparency: chunks.get("tRNS")?.[0] ?? null,
    data: chunks.get("IDAT") ?? [],
  };
  const icc = chunks.get("iCCP")?.[0];
  const frames = chunks.get("acTL")?.[0];
  return {
    format: "png",
    width: content.width,
    height: content.height,
    mode: content.type === 0 || content.type === 4 ? "L" : "RGB",
    orientation: orientationOf(chunks.get("eXIf")?.[0] ?? (await rawExif(chunks)), await xmp(chunks)),
    lossless: true,
    quality: null,
    profile: icc ? await profileIn(icc) : null,
    notes: frames && u32(frames, 0) > 1 ? ["Only the first frame of this file was checked."] : [],
    plain: () => [bytes],
    pixels: () => decodePng(content),
  };
}

/** @param {Uint8Array} chunk iCCP: a name, a zero, a zero, packed bytes */
async function profileIn(chunk) {
  const end = chunk.indexOf(0);
  return end < 0 ? null : unpacked(chunk.subarray(end + 2));
}

/** @param {Map<string, Uint8Array[]>} chunks @returns {Promise<Uint8Array|null>} */
async function xmp(chunks) {
  for (const chunk of (chunks.get("iTXt") ?? []).slice(0, 16)) {
    if (text(chunk, 0, 18) !== "XML:com.adobe.xmp\0") continue;
    const start = chunk.indexOf(0, chunk.indexOf(0, 20) + 1) + 1;
    return chunk[18] ? unpacked(chunk.subarray(start)) : chunk.subarray(start);
  }
  return null;
}

/**
 * EXIF in hexadecimal, as ImageMagick writes it into a packed text.
 * @param {Map<string, Uint8Array[]>} chunks
 * @returns {Promise<Uint8Array|null>}
 */
async function rawExif(chunks) {
  for (const chunk of (chunks.get("zTXt") ?? []).slice(0, 16)) {
    const name = text(chunk, 0, Math.max(0, chunk.indexOf(0)));
    if (name !== "Raw profile type exif" && name !== "Raw profile type APP1") continue;
    const content = await unpacked(chunk.subarray(name.length + 2));
    const digits = content && text(content).split("\n").slice(3).join("").match(/../g);
    return digits && Uint8Array.from(digits, (pair) => parseInt(pair, 16));
  }
  return null;
}

/** @param {Uint8Array} packed @returns {Promise<Uint8Array|null>} null where it is damaged or too long */
async function unpacked(packed) {
  try {
    const { bytes, whole } = await unpack([packed], MOST_TEXT);
    return whole ? bytes : null;
  } catch {
    return null;
  }
}

/**
 * @param {Chunks} png
 * @returns {Promise<import("./decode.js").Decoded>}
 */
async function decodePng(png) {
  const channels = CHANNELS.get(png.type);
  if (!channels || ![1, 2, 4, 8, 16].includes(png.depth) || (png.type === 3 && !png.palette)) {
    throw damaged("no such kind of PNG");
  }
  const bits = channels * png.depth;
  const passes = png.interlaced ? PASSES : [[0, 0, 1, 1]];
  const sizes = passes.map(([x, y, stepX, stepY]) => ({
    width: Math.ceil((png.width - x) / stepX),
    height: Math.ceil((png.height - y) / stepY),
  }));
  const lengths = sizes.map(({ width, height }) => (width > 0 ? height * (1 + Math.ceil((width * bits) / 8)) : 0));
  const length = lengths.reduce((sum, each) => sum + each, 0);
  const { bytes: raw } = await unpack(png.data, length);
  if (raw.length < length) throw damaged("pixels are missing");
  const picture = blank(png.width, png.height);
  const colour = colouring(png);
  let transparent = false;
  let at = 0;
  passes.forEach(([x, y, stepX, stepY], pass) => {
    const { width, height } = sizes[pass];
    if (!lengths[pass]) return;
    const span = Math.ceil((width * bits) / 8);
    const lines = raw.subarray(at, at + lengths[pass]);
    at += lengths[pass];
    unfilter(lines, span, height, Math.max(1, bits >> 3));
    const rgba = new Uint8Array(width * 4);
    const rgb = new Uint8Array(width * 3);
    for (let row = 0; row < height; row++) {
      colour(lines.subarray(row * (span + 1) + 1, (row + 1) * (span + 1)), rgba, width);
      transparent = onWhite(rgba, rgb, 0) || transparent;
      const line = ((y + row * stepY) * png.width + x) * 3;
      if (stepX === 1) picture.data.set(rgb, line);
      else for (let k = 0; k < width; k++) picture.data.set(rgb.subarray(3 * k, 3 * k + 3), line + 3 * k * stepX);
    }
  });
  const notes = png.depth === 16 && png.type === 0 ? ["More than 8 bits a channel were reduced to 8."] : [];
  return { picture, transparent, notes };
}

/**
 * Packed bytes, unpacked, at most so many; `whole`: there were no more.
 * @param {Uint8Array[]} parts
 * @param {number} most
 * @returns {Promise<{bytes: Uint8Array, whole: boolean}>}
 */
async function unpack(parts, most) {
  const stream = new Blob(/** @type {BlobPart[]} */ (parts)).stream().pipeThrough(new DecompressionStream("deflate"));
  const reader = stream.getReader();
  const pieces = [];
  let size = 0;
  try {
    while (size < most) {
      const { done, value } = await reader.read();
      if (done) return { bytes: joined(pieces), whole: true };
      pieces.push(value);
      size += value.length;
    }
    return { bytes: joined(pieces).subarray(0, most), whole: size === most };
  } catch {
    throw damaged("its packed bytes are broken");
  } finally {
    reader.cancel().catch(() => {});
  }
}

/**
 * In place: each line is told as differences from its neighbours.
 * @param {Uint8Array} lines each with its filter before it
 * @param {number} span bytes of a line
 * @param {number} height
 * @param {number} step bytes of a pixel
 */
function unfilter(lines, span, height, step) {
  /** @type {Uint8Array} */
  let above = new Uint8Array(span);
  for (let row = 0; row < height; row++) {
    const start = row * (span + 1);
    const line = lines.subarray(start + 1, start + 1 + span);
    switch (lines[start]) {
      case 0:
        break;
      case 1:
        for (let at = step; at < span; at++) line[at] += line[at - step];
        break;
      case 2:
        for (let at = 0; at < span; at++) line[at] += above[at];
        break;
      case 3:
        for (let at = 0; at < span; at++) line[at] += ((at < step ? 0 : line[at - step]) + above[at]) >> 1;
        break;
      case 4:
        for (let at = 0; at < span; at++) {
          const [left, corner] = at < step ? [0, 0] : [line[at - step], above[at - step]];
          line[at] += paeth(left, above[at], corner);
        }
        break;
      default:
        throw damaged("no such filter");
    }
    above = line;
  }
}

/** @type {(left: number, up: number, corner: number) => number} */
function paeth(left, up, corner) {
  const byLeft = Math.abs(up - corner);
  const byUp = Math.abs(left - corner);
  const byCorner = Math.abs(left + up - 2 * corner);
  if (byLeft <= byUp && byLeft <= byCorner) return left;
  return byUp <= byCorner ? up : corner;
}

/**
 * What turns a line of samples into RGBA.
 * @param {Chunks} png
 * @returns {(line: Uint8Array, rgba: Uint8Array, width: number) => void}
 */
function colouring({ type, depth, palette, transparency }) {
  const wide = depth === 16 ? 2 : 1;
  if (type === 3) {
    const colours = /** @type {Uint8Array} */ (palette);
    return (line, rgba, width) => {
      for (let x = 0; x < width; x++) {
        const at = sample(line, x, depth);
        rgba.set([colours[3 * at] ?? 0, colours[3 * at + 1] ?? 0, colours[3 * at + 2] ?? 0], 4 * x);
        rgba[4 * x + 3] = transparency && at < transparency.length ? transparency[at] : 255;
      }
    };
  }
  if (type === 0) {
    const clear = transparency && depth !== 16 ? u16(transparency, 0) : -1;
    return (line, rgba, width) => {
      for (let x = 0; x < width; x++) {
        const value = depth === 16 ? roundEven((u16(line, 2 * x) * 255) / 65535) : sample(line, x, depth);
        rgba.fill(depth < 8 ? (value * 255) / (2 ** depth - 1) : value, 4 * x, 4 * x + 3);
        rgba[4 * x + 3] = value === clear ? 0 : 255;
      }
    };
  }
  if (type === 2) {
    const clear = transparency && depth === 8 ? [0, 2, 4].map((at) => u16(transparency, at)) : null;
    return (line, rgba, width) => {
      for (let x = 0, from = 0; x < width; x++, from += 3 * wide) {
        const [r, g, b] = [line[from], line[from + wide], line[from + 2 * wide]];
        rgba[4 * x] = r;
        rgba[4 * x + 1] = g;
        rgba[4 * x + 2] = b;
        rgba[4 * x + 3] = clear && r === clear[0] && g === clear[1] && b === clear[2] ? 0 : 255;
      }
    };
  }
  const channels = type === 4 ? 2 : 4;
  return (line, rgba, width) => {
    for (let x = 0, from = 0; x < width; x++, from += channels * wide) {
      const last = (channels - 1) * wide;
      rgba[4 * x] = line[from];
      rgba[4 * x + 1] = line[channels === 2 ? from : from + wide];
      rgba[4 * x + 2] = line[channels === 2 ? from : from + 2 * wide];
      rgba[4 * x + 3] = line[from + last];
    }
  };
}

/** @type {(line: Uint8Array, x: number, depth: number) => number} */
function sample(line, x, depth) {
  if (depth === 8) return line[x];
  const bit = x * depth;
  return (line[bit >> 3] >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
}


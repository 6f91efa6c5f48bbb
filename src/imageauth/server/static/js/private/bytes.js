// Reading numbers and names out of a file.

/**
 * @param {Uint8Array} bytes
 * @param {number} at
 */
export const u16 = (bytes, at) => (bytes[at] << 8) | bytes[at + 1];

/** @type {(bytes: Uint8Array, at: number) => number} */
export const u16le = (bytes, at) => (bytes[at + 1] << 8) | bytes[at];

/** @type {(bytes: Uint8Array, at: number) => number} */
export const u32 = (bytes, at) => u16(bytes, at) * 65536 + u16(bytes, at + 2);

/** @type {(bytes: Uint8Array, at: number) => number} */
export const u32le = (bytes, at) => u16le(bytes, at + 2) * 65536 + u16le(bytes, at);

/**
 * One character a byte.
 * @param {Uint8Array} bytes
 * @param {number} [start]
 * @param {number} [end]
 */
export function text(bytes, start = 0, end = bytes.length) {
  let result = "";
  for (let at = start; at < Math.min(end, bytes.length); at++) result += String.fromCharCode(bytes[at]);
  return result;
}

/**
 * Whether a name stands somewhere in a file.
 * @param {Uint8Array} bytes
 * @param {string} name of plain characters
 * @returns {number} where; −1: nowhere
 */
export function find(bytes, name, from = 0) {
  const first = name.charCodeAt(0);
  for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
    let k = 1;
    while (k < name.length && bytes[at + k] === name.charCodeAt(k)) k++;
    if (k === name.length) return at;
  }
  return -1;
}

/**
 * A file of parts, one after the other.
 * @param {Uint8Array[]} parts
 * @returns {Uint8Array}
 */
export function joined(parts) {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

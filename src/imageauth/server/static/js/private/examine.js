// What a file's header says where its pixels cannot be decoded. As `examine` of imageauth/images.py.

import { kindOf, MAX_BYTES, readHeader } from "./formats.js";
import { ImageError } from "./failures.js";

/**
 * @param {Uint8Array} bytes
 * @returns {Promise<{format: string, width: number, height: number, notes: string[]}|null>} null where it is no picture
 */
export async function examine(bytes) {
  const format = kindOf(bytes);
  if (!format || !bytes.length || bytes.length > MAX_BYTES) return null;
  try {
    const { width, height, orientation } = await readHeader(bytes);
    return { format, ...(orientation >= 5 ? { width: height, height: width } : { width, height }), notes: [] };
  } catch (error) {
    const why = error instanceof ImageError ? error.message : "has a damaged header";
    const notes = format === "svg" ? [] : [`Of the picture itself nothing can be said: it ${why}.`];
    return { format, width: 0, height: 0, notes };
  }
}

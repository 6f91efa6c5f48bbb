// Files that are fetched once: counted as they arrive, checked against what they must be.

import { joined } from "./bytes.js";
import { sha256 } from "./sha256.js";

export class DownloadError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "DownloadError";
  }
}

/**
 * @param {string|URL} url
 * @param {{most: number, signal?: AbortSignal, progress?: (bytes: number, of: number|null) => void}} how `most`: bytes
 *   that it may have
 * @returns {Promise<Uint8Array>}
 * @throws {DownloadError} it cannot be had whole
 */
export async function download(url, { most, signal, progress }) {
  const name = new URL(url).pathname.split("/").pop();
  let response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw new DownloadError(`${name} could not be fetched: the connection failed.`);
  }
  if (!response.ok || !response.body) throw new DownloadError(`${name} could not be fetched (${response.status}).`);
  // Of a compressed answer the length says something else.
  const coded = response.headers.get("Content-Encoding");
  const length = coded ? null : Number(response.headers.get("Content-Length")) || null;
  const pieces = [];
  let size = 0;
  const reader = response.body.getReader();
  try {
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      pieces.push(/** @type {Uint8Array} */ (value));
      size += /** @type {Uint8Array} */ (value).length;
      if (size > most) throw new DownloadError(`${name} is larger than it may be.`);
      progress?.(size, length);
    }
  } catch (error) {
    reader.cancel().catch(() => {});
    if (signal?.aborted) throw signal.reason;
    throw error instanceof DownloadError ? error : new DownloadError(`${name} was cut short on its way.`);
  }
  if (length !== null && size !== length) throw new DownloadError(`${name} was cut short on its way.`);
  return joined(pieces);
}

/**
 * The same of a file whose SHA-256 is known.
 * @param {string|URL} url
 * @param {string} digest hexadecimal
 * @param {Parameters<typeof download>[1]} how
 * @returns {Promise<Uint8Array>}
 * @throws {DownloadError} it cannot be had, or is another file
 */
export async function downloadChecked(url, digest, how) {
  const bytes = await download(url, how);
  if ((await sha256(bytes)) !== digest) {
    const name = new URL(url).pathname.split("/").slice(-2).join("/");
    throw new DownloadError(`${name} is not the file that its card describes: its SHA-256 differs.`);
  }
  return bytes;
}

// What a file says of itself, in private mode: its metadata and Content Credentials, read by imageauth's own Python
// modules in a worker of their own, which starts when the first file has something worth reading.

import { PythonReader, ReaderError } from "./python_reader.js";
import { isWorthReading } from "./worth_reading.js";

/**
 * @typedef {{source: string, code: string, finding: string, points_to: string, strength: string, detail: object}} Evidence
 * @typedef {{width: number, height: number, data?: Uint8Array | Uint8ClampedArray}} Pixels
 */

/** What is never looked for here, for the report's limits. */
export const LIMITS = ["Watermarks in the pixels are not looked for in private mode."];

const UNREAD = "What this file says of itself was not read";
const CONFIG = new URL("../../config.json", import.meta.url);

/** Seconds that a reader may take over one file. */
const SECONDS = 20;

const python = new PythonReader();
/** @typedef {{files: boolean, credentials: boolean, trust: boolean}} Parts */
/** @type {?Promise<Parts>} */
let parts = null;

/** Which parts are here, as the page's settings say. @returns {Promise<Parts>} */
function installed() {
  parts ??= fetch(CONFIG)
    .then((answer) => answer.json())
    .then(({ private: here }) => ({
      files: here?.available === true && here.files !== false,
      credentials: here?.credentials !== false,
      trust: here?.trust === true,
    }))
    .catch(() => {
      parts = null;
      return { files: false, credentials: false, trust: false };
    });
  return parts;
}

/** @returns {Promise<boolean>} whether files can be read here */
export async function available() {
  return (await installed()).files;
}

/** Load everything now, so that the first file need not wait. @param {{signal?: AbortSignal}} [options] */
export async function prepare({ signal } = {}) {
  const here = await installed();
  if (here.files) await python.ask({ here }, SECONDS, signal);
}

/**
 * All evidence in a file; empty where it says nothing. Whatever a file holds, this answers: a reader that fails, takes
 * too long or is not installed is a finding that points nowhere.
 *
 * @param {Uint8Array} bytes the file
 * @param {string} name of it; not looked at
 * @param {Pixels} [pixels] the picture's size, upright, as far as it is known
 * @param {{signal?: AbortSignal, seconds?: number}} [options] `seconds`: that a reader may take
 * @returns {Promise<Evidence[]>} as the server's reports have them, in the same order
 */
export async function read(bytes, name, pixels, { signal, seconds = SECONDS } = {}) {
  if (!(await isWorthReading(bytes))) return [];
  const here = await installed();
  if (!here.files) {
    return [finding("metadata-not-read", `${UNREAD}: the readers are not installed here.`)];
  }
  const request = { bytes, width: pixels?.width ?? 0, height: pixels?.height ?? 0, here };
  try {
    return await python.ask({ ...request, refusal: null }, seconds, signal).catch((error) => {
      // The library that checks credentials took too long: what else the file says is read all the same.
      if (!(error instanceof ReaderError) || error.stage !== "credentials") throw error;
      return python.ask({ ...request, refusal: error.message }, seconds, signal);
    });
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    const why = error instanceof ReaderError ? error : new ReaderError("reading", "failed");
    if (why.stage === "loading") {
      return [finding("metadata-not-read", `${UNREAD}: loading the readers ${why.message}.`)];
    }
    return [finding("metadata-unreadable", `What this file says of itself could not be read: that ${why.message}.`)];
  }
}

/** End the worker and free its memory. */
export function close() {
  python.end();
}

/** @returns {Evidence} */
function finding(code, sentence) {
  return { source: "metadata", code, finding: sentence, points_to: "none", strength: "none", detail: {} };
}

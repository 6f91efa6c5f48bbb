// What a file says of itself, in private mode: its metadata and Content Credentials, read by imageauth's own Python
// modules in a worker of their own, which starts when the first file has something worth reading; and watermarks, where
// the pixels are handed over.

import { evidence } from "./evidence.js";
import { PythonReader, ReaderError } from "./python_reader.js";
import { findWatermarks } from "./watermarks/watermarks.js";
import { isWorthReading } from "./worth_reading.js";

/** @typedef {import("./evidence.js").Evidence} Evidence */
/** @typedef {{width: number, height: number, data?: Uint8Array}} Pixels upright; `data`: sRGB, three bytes a pixel */

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

/**
 * All evidence in a file and, where they are given, of marks in its pixels; empty where there is nothing. Whatever a file
 * holds, this answers: a reader that fails, takes too long or is not installed is a finding that points nowhere.
 *
 * @param {Uint8Array} bytes the file
 * @param {Pixels} [pixels] the picture's size as far as it is known, and the picture where it was decoded
 * @param {{signal?: AbortSignal, seconds?: number}} [options] `seconds`: that a reader may take
 * @returns {Promise<Evidence[]>} as the server's reports have them, in the same order
 */
export async function read(bytes, pixels, options = {}) {
  const said = readFile(bytes, pixels, options);
  said.catch(() => {});
  const { width = 0, height = 0, data } = pixels ?? {};
  const marks = data ? watermarks({ data, width, height }) : [];
  return [...(await said), ...marks];
}

/** @param {import("./raster.js").Raster} picture @returns {Evidence[]} */
function watermarks(picture) {
  try {
    return findWatermarks(picture);
  } catch (error) {
    const reason = error instanceof Error ? error.name : String(error);
    return [evidence("watermark", "watermark-unreadable", "Watermarks could not be looked for in this image.", { reason })];
  }
}

/** @type {(bytes: Uint8Array, pixels: Pixels|undefined, how: {signal?: AbortSignal, seconds?: number}) => Promise<Evidence[]>} */
async function readFile(bytes, pixels, { signal, seconds = SECONDS }) {
  if (!(await isWorthReading(bytes))) return [];
  const here = await installed();
  if (!here.files) {
    return [evidence("metadata", "metadata-not-read", `${UNREAD}: the readers are not installed here.`)];
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
      return [evidence("metadata", "metadata-not-read", `${UNREAD}: loading the readers ${why.message}.`)];
    }
    return [evidence("metadata", "metadata-unreadable", `What this file says of itself could not be read: that ${why.message}.`)];
  }
}

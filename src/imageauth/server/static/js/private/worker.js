// The worker in which private mode does its work, so that the page stays smooth. It answers one request after the other.

import { Detector } from "./detector.js";
import { failureOf } from "./report.js";

/**
 * @typedef {object} Request
 * @property {number} id
 * @property {"prepare"|"check"|"abort"} kind
 * @property {{version: string, private: {models: string[]}}} [config] to prepare with
 * @property {File} [file]
 * @property {boolean} [heatmap]
 */

const HOME = new URL("../../", import.meta.url);
// The runtime's threads wait for each other by spinning, so that one which gets no core holds up all: with more than two
// cores half of them are used, which are also as many as there are without hyper-threading.
const MOST_THREADS = 8;
const UNREAD = "What the file says of itself (Content Credentials, metadata) was not read here.";

/** @type {Promise<Detector>|null} */
let detector = null;
/** @type {Map<number, AbortController>} */
const running = new Map();
/** @type {Promise<unknown>} */
let last = Promise.resolve();

self.addEventListener("message", ({ data }) => {
  if (data.kind === "abort") {
    running.get(data.id)?.abort();
    return;
  }
  running.set(data.id, new AbortController());
  last = last.then(() => answer(data));
});

/** @param {Request} request */
async function answer(request) {
  const { id } = request;
  const { signal } = /** @type {AbortController} */ (running.get(id));
  const progress = (/** @type {string} */ stage, /** @type {number|null} */ share) => {
    self.postMessage({ id, progress: { stage, share } });
  };
  try {
    signal.throwIfAborted();
    const result = request.kind === "prepare" ? await prepare(request, { signal, progress }) : await check(request, { signal, progress });
    self.postMessage({ id, result });
  } catch (error) {
    const { name, message } = error instanceof Error ? error : { name: "Error", message: String(error) };
    // After a fault of its own WebAssembly cannot be relied on.
    self.postMessage({ id, error: { name, message }, broken: error instanceof WebAssembly.RuntimeError });
  } finally {
    running.delete(id);
  }
}

/** @type {(request: Request, how: {signal: AbortSignal, progress: import("./detector.js").Progress}) => Promise<null>} */
async function prepare({ config }, how) {
  const { version, private: here } = /** @type {NonNullable<Request["config"]>} */ (config);
  const cores = navigator.hardwareConcurrency || 1;
  const threads = self.crossOriginIsolated ? Math.min(MOST_THREADS, Math.max(Math.min(2, cores), cores >> 1)) : 1;
  const settings = { assets: new URL("private/", HOME), names: here.models, version, threads, readFile, ...how };
  await (detector ??= Detector.load(settings).catch((error) => {
    detector = null;
    throw error;
  }));
  return null;
}

/** @type {(request: Request, how: {signal: AbortSignal, progress: import("./detector.js").Progress}) => Promise<object>} */
async function check({ file, heatmap }, how) {
  const { name } = /** @type {File} */ (file);
  let bytes;
  try {
    bytes = new Uint8Array(await /** @type {File} */ (file).arrayBuffer());
  } catch {
    return failureOf(name, "unreadable", "cannot be read");
  }
  return /** @type {Detector} */ (await detector).check(bytes, name, { heatmap: Boolean(heatmap), ...how });
}

/** @type {import("./detector.js").ReadFile} */
async function readFile(bytes, picture, signal) {
  let files;
  try {
    files = await import("./provenance.js");
  } catch {
    return { evidence: [], unread: [UNREAD] };
  }
  const found = await files.read(bytes, picture, { signal });
  return { evidence: found, unread: [] };
}

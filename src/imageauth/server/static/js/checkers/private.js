// Checks pictures inside the page: nothing of them leaves it. The work is done in a worker.

import { keepReaders, underServiceWorker } from "../private/offline.js";

/** @typedef {(stage: string, share: number|null) => void} Progress */
/** @typedef {{resolve: (value: any) => void, reject: (reason: unknown) => void, progress: Progress}} Waiting */

const WORKER = new URL("../private/worker.js", import.meta.url);
const STOPPED = "Private mode stopped working; it may have run out of memory. The next picture starts it again.";
const SETTINGS = new URL("../../config.json", import.meta.url);

class PrivateChecker {
  /** @type {Worker|null} */
  #worker = null;
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();
  #last = 0;

  /**
   * Fetch and load all that is needed; later calls are quick.
   * @param {{signal: AbortSignal, progress: Progress}} how
   * @returns {Promise<void>}
   */
  async prepare({ signal, progress }) {
    const config = await settings(signal);
    if (!config.server) await underServiceWorker();
    await this.#ask({ kind: "prepare", config }, signal, progress);
    if (!config.server) keepReaders();
  }

  /**
   * @param {File} file
   * @param {{heatmap: boolean, signal: AbortSignal, progress: Progress}} how
   * @returns {Promise<any>} a report or failure of schema imageauth/report/1
   */
  async check(file, { heatmap, signal, progress }) {
    // A worker that had to be started anew begins by loading.
    if (!this.#worker) await this.prepare({ signal, progress });
    return this.#ask({ kind: "check", file, heatmap }, signal, progress);
  }

  /** Free all memory; the next request loads anew. */
  close() {
    this.#fail(new DOMException("Private mode was ended.", "AbortError"));
  }

  /**
   * @param {{kind: string, config?: object, file?: File, heatmap?: boolean}} request
   * @param {AbortSignal} signal
   * @param {Progress} progress
   * @returns {Promise<any>}
   */
  #ask(request, signal, progress) {
    if (signal.aborted) return Promise.reject(signal.reason);
    const worker = (this.#worker ??= this.#start());
    const id = (this.#last += 1);
    return new Promise((resolve, reject) => {
      const abort = () => {
        worker.postMessage({ kind: "abort", id });
        this.#waiting.delete(id);
        reject(signal.reason);
      };
      signal.addEventListener("abort", abort, { once: true });
      const settled = (/** @type {(value: any) => void} */ settle) => (/** @type {any} */ value) => {
        signal.removeEventListener("abort", abort);
        settle(value);
      };
      this.#waiting.set(id, { resolve: settled(resolve), reject: settled(reject), progress });
      worker.postMessage({ id, ...request });
    });
  }

  #start() {
    const worker = new Worker(WORKER, { type: "module", name: "imageauth" });
    worker.addEventListener("message", ({ data: { id, progress, result, error, broken } }) => {
      const waiting = this.#waiting.get(id);
      if (!waiting) return;
      if (progress) {
        waiting.progress(progress.stage, progress.share);
        return;
      }
      this.#waiting.delete(id);
      if (!error) waiting.resolve(result);
      else waiting.reject(error.name === "AbortError" ? new DOMException(error.message, "AbortError") : new Error(error.message));
      if (broken) this.#fail(new Error(STOPPED));
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#fail(new Error(STOPPED));
    });
    return worker;
  }

  /** End the worker and all that waits for it. @param {unknown} reason */
  #fail(reason) {
    this.#worker?.terminate();
    this.#worker = null;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(reason);
  }
}

/**
 * What the server, or the builder of a static site, tells.
 * @param {AbortSignal} signal
 */
async function settings(signal) {
  const answer = await fetch(SETTINGS, { cache: "no-cache", signal });
  if (!answer.ok) throw new Error(`The page's settings could not be fetched (${answer.status}).`);
  const config = await answer.json();
  if (!config.private?.available) throw new Error(config.private?.reason || "Private mode is not available here.");
  return config;
}

/** @returns {PrivateChecker} */
export function privateChecker() {
  return new PrivateChecker();
}

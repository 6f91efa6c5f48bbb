/**
 * What a file says of itself, in private mode: its metadata and Content Credentials, read by imageauth's own Python
 * modules in a worker of their own, which starts when the first file has something worth reading.
 */

import { isWorthReading } from './worth_reading.js';

/**
 * @typedef {{source: string, code: string, finding: string, points_to: string, strength: string, detail: object}} Evidence
 * @typedef {{width: number, height: number, data?: Uint8Array | Uint8ClampedArray}} Pixels
 */

/** What is never looked for here, for the report's limits. */
export const LIMITS = ['Watermarks in the pixels are not looked for in private mode.'];

const CONFIG = new URL('../../config.json', import.meta.url);
const WORKER = new URL('./python_worker.js', import.meta.url);
/** Seconds that a reader may take over one file, and that loading may take. */
const READING_SECONDS = 20;
const LOADING_SECONDS = 120;

/** Thrown inside: the worker was ended because a stage took too long. */
class TooLongError extends Error {
  /** @param {string} stage */
  constructor(stage) {
    super(`took longer than ${READING_SECONDS} seconds`);
    this.stage = stage;
  }
}

/** A worker, ended and started anew whenever it cannot be relied on. Requests are answered one after the other. */
class Python {
  /** @type {?Worker} */
  #worker = null;
  #last = 0;
  /** @type {Promise<unknown>} */
  #queue = Promise.resolve();

  /**
   * @param {object} message for the worker
   * @param {number} seconds for each stage once everything is loaded
   * @param {AbortSignal} [signal] ends the worker
   * @returns {Promise<Evidence[]>}
   */
  ask(message, seconds, signal) {
    const answer = this.#queue.then(() => this.#ask(message, seconds, signal));
    this.#queue = answer.catch(() => {});
    return answer;
  }

  end() {
    this.#worker?.terminate();
    this.#worker = null;
  }

  #ask(message, seconds, signal) {
    signal?.throwIfAborted();
    const worker = (this.#worker ??= new Worker(WORKER, { type: 'module' }));
    const id = (this.#last += 1);
    return new Promise((resolve, reject) => {
      const tidy = new AbortController();
      let stage = 'loading';
      let clock = 0;
      const finish = (/** @type {() => void} */ settle, worn = true) => {
        clearTimeout(clock);
        tidy.abort();
        if (worn) this.end();
        settle();
      };
      const wind = (/** @type {string} */ next, /** @type {number} */ limit) => {
        stage = next;
        clearTimeout(clock);
        clock = setTimeout(() => finish(() => reject(new TooLongError(stage))), limit * 1000);
      };
      worker.addEventListener(
        'message',
        ({ data }) => {
          if (data.id !== id) return;
          if (data.stage) wind(data.stage, seconds);
          else if (data.error) finish(() => reject(new Error(data.error)));
          else finish(() => resolve(data.evidence), data.worn);
        },
        { signal: tidy.signal },
      );
      const failed = (/** @type {Event} */ event) => {
        event.preventDefault();
        finish(() => reject(new Error('the worker could not be started')));
      };
      worker.addEventListener('error', failed, { signal: tidy.signal });
      signal?.addEventListener('abort', () => finish(() => reject(signal.reason)), { signal: tidy.signal });
      wind('loading', LOADING_SECONDS);
      worker.postMessage({ id, ...message });
    });
  }
}

const python = new Python();
/** @type {?Promise<{files: boolean, credentials: boolean}>} */
let parts = null;

/** Which parts are here, as the page's settings say. */
function installed() {
  parts ??= fetch(CONFIG)
    .then((answer) => answer.json())
    .then(({ private: here }) => ({ files: Boolean(here?.files), credentials: Boolean(here?.credentials) }))
    .catch(() => {
      parts = null;
      return { files: false, credentials: false };
    });
  return parts;
}

/** @returns {Promise<boolean>} whether files can be read here */
export async function available() {
  return (await installed()).files;
}

/** Load everything now, so that the first file need not wait. @param {{signal?: AbortSignal}} [options] */
export async function prepare({ signal } = {}) {
  if (await available()) await python.ask({}, READING_SECONDS, signal);
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
export async function read(bytes, name, pixels, { signal, seconds = READING_SECONDS } = {}) {
  if (!(await isWorthReading(bytes))) return [];
  const here = await installed();
  if (!here.files) {
    return [finding('metadata-not-read', 'What this file says of itself was not read: the readers are not installed here.')];
  }
  const request = { bytes, width: pixels?.width ?? 0, height: pixels?.height ?? 0, credentials: here.credentials };
  try {
    return await python.ask({ ...request, refusal: null }, seconds, signal).catch((error) => {
      // The library that checks credentials took too long: what else the file says is read all the same.
      if (!(error instanceof TooLongError) || error.stage !== 'credentials') throw error;
      return python.ask({ ...request, refusal: error.message }, seconds, signal);
    });
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    const reason = error instanceof TooLongError ? error.message : 'failed';
    return [finding('metadata-unreadable', `What this file says of itself could not be read: the reader ${reason}.`)];
  }
}

/** End the worker and free its memory. */
export function close() {
  python.end();
}

/** @returns {Evidence} */
function finding(code, sentence) {
  return { source: 'metadata', code, finding: sentence, points_to: 'none', strength: 'none', detail: {} };
}

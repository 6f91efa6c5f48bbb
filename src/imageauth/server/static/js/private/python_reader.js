// The page's side of the worker that runs Python: requests one after the other, each with a time limit, and a new worker
// whenever the old one cannot be relied on.

const WORKER = new URL("./python_worker.js", import.meta.url);
/** Seconds that loading may take: some 13 MB, or 21 MB with the library for credentials. */
const LOADING_SECONDS = 120;

/** @typedef {"loading" | "reading" | "credentials"} Stage */

/** The worker failed, or was ended because a stage took too long. The message goes on from a subject. */
export class ReaderError extends Error {
  /**
   * @param {Stage} stage
   * @param {string} message
   */
  constructor(stage, message) {
    super(message);
    this.stage = stage;
  }
}

export class PythonReader {
  /** @type {?Worker} */
  #worker = null;
  #last = 0;
  /** @type {Promise<unknown>} */
  #queue = Promise.resolve();

  /**
   * @param {object} request for the worker
   * @param {number} seconds that each stage but loading may take
   * @param {AbortSignal} [signal] ends the worker
   * @returns {Promise<import("./provenance.js").Evidence[]>}
   * @throws {ReaderError} or the signal's reason
   */
  ask(request, seconds, signal) {
    const answer = this.#queue.then(() => this.#ask(request, seconds, signal));
    this.#queue = answer.catch(() => {});
    return answer;
  }

  /** End the worker; the next request starts another. */
  end() {
    this.#worker?.terminate();
    this.#worker = null;
  }

  #ask(request, seconds, signal) {
    signal?.throwIfAborted();
    const worker = (this.#worker ??= new Worker(WORKER, { type: "module" }));
    const id = (this.#last += 1);
    return new Promise((resolve, reject) => {
      const listening = new AbortController();
      /** @type {Stage} */
      let stage = "loading";
      let clock = 0;
      const finish = (/** @type {boolean} */ worn, /** @type {() => void} */ settle) => {
        clearTimeout(clock);
        listening.abort();
        if (worn) this.end();
        settle();
      };
      const fail = (/** @type {string} */ message) => finish(true, () => reject(new ReaderError(stage, message)));
      const enter = (/** @type {Stage} */ next) => {
        stage = next;
        const limit = stage === "loading" ? LOADING_SECONDS : seconds;
        clearTimeout(clock);
        clock = setTimeout(() => fail(`took longer than ${limit} seconds`), limit * 1000);
      };
      const options = { signal: listening.signal };
      worker.addEventListener(
        "message",
        ({ data }) => {
          if (data.id !== id) return;
          if (data.stage) enter(data.stage);
          else if (data.error) fail("failed");
          else finish(data.worn, () => resolve(data.evidence));
        },
        options,
      );
      worker.addEventListener(
        "error",
        (event) => {
          event.preventDefault();
          fail("failed");
        },
        options,
      );
      signal?.addEventListener("abort", () => finish(true, () => reject(signal.reason)), options);
      enter("loading");
      worker.postMessage({ id, ...request });
    });
  }
}

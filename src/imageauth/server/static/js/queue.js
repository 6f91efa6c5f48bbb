// Checks waiting pictures, a few at a time.

import { Problem } from "./problem.js";

const AT_ONCE = 2;
/** Times that a busy server is asked again without asking the reader. */
const MOST_WAITS = 30;

export class Queue {
  /** @type {Map<import("./items.js").Item, AbortController>} */
  running = new Map();
  /** @type {Map<import("./items.js").Item, number>} */
  waits = new Map();
  /** When the server may be asked again. */
  until = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer;

  /**
   * @param {import("./items.js").Items} items
   * @param {(item: import("./items.js").Item, options: { signal: AbortSignal }) => Promise<void>} check resolves when an
   *   item has its report, and rejects with a Problem.
   * @param {() => boolean} ready whether anything may be checked now.
   */
  constructor(items, check, ready) {
    this.items = items;
    this.check = check;
    this.ready = ready;
  }

  /** Begin with as many as may run. */
  pump() {
    if (!this.ready()) return;
    const wait = this.until - Date.now();
    clearTimeout(this.timer);
    if (wait > 0) {
      this.timer = setTimeout(() => this.pump(), wait);
      return;
    }
    for (const item of this.items.all) {
      if (this.running.size >= AT_ONCE) return;
      if (item.state === "waiting" || item.state === "paused") void this.run(item);
    }
  }

  /** @param {import("./items.js").Item} item */
  async run(item) {
    const controller = new AbortController();
    this.running.set(item, controller);
    this.items.change(item, { state: "checking", stage: "", share: null, problem: null });
    try {
      await this.check(item, { signal: controller.signal });
      this.waits.delete(item);
    } catch (error) {
      if (!controller.signal.aborted) this.failed(item, error instanceof Problem ? error : unexpected(error));
    } finally {
      // It may have been cancelled and begun again meanwhile.
      if (this.running.get(item) === controller) this.running.delete(item);
    }
    this.pump();
  }

  /** @param {import("./items.js").Item} item @param {Problem} problem */
  failed(item, problem) {
    const waits = (this.waits.get(item) ?? 0) + 1;
    if (problem.retryAfter !== null && waits <= MOST_WAITS) {
      this.waits.set(item, waits);
      this.until = Math.max(this.until, Date.now() + problem.retryAfter * 1000);
      this.items.change(item, { state: "paused", until: this.until });
      return;
    }
    this.items.change(item, { state: "failed", problem });
  }

  /** @param {import("./items.js").Item[]} items */
  cancel(items) {
    for (const item of items) {
      if (item.state !== "waiting" && item.state !== "paused" && item.state !== "checking") continue;
      this.items.change(item, { state: "cancelled" });
      this.running.get(item)?.abort();
      this.waits.delete(item);
    }
  }

  /** @param {import("./items.js").Item[]} items */
  again(items) {
    for (const item of items) this.items.change(item, { state: "waiting", problem: null });
    this.pump();
  }
}

/** @param {unknown} error */
function unexpected(error) {
  return new Problem("page-error", { message: error instanceof Error ? error.message : String(error) });
}

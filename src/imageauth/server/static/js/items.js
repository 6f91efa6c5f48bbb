// The pictures that were given, and what became of each.

import { uniqueId } from "./dom.js";

/**
 * @typedef {object} Item
 * @property {string} id
 * @property {File} file
 * @property {string} name
 * @property {string} url of the picture, within this page.
 * @property {"waiting" | "checking" | "paused" | "done" | "failed" | "cancelled"} state
 * @property {string} stage of a check: `sending`, `looking`, …
 * @property {number | null} share of the stage that is done.
 * @property {number} until when a paused one goes on, in milliseconds as `Date.now()` counts.
 * @property {import("./report.js").Report | null} report
 * @property {import("./problem.js").Problem | null} problem
 * @property {"server" | "private"} where it was checked, or will be.
 * @property {Date | null} at when it was checked.
 * @property {boolean} heatmap whether one was asked for.
 * @property {boolean} open whether all of the report is shown.
 */

/** Fires `added`, `changed` and `removed`, each with the items in `detail`. */
export class Items extends EventTarget {
  /** @type {Item[]} */
  all = [];

  /**
   * @param {File[]} files
   * @param {{ where: "server" | "private", open: boolean, heatmap: boolean }} how
   * @returns {Item[]}
   */
  add(files, how) {
    const items = files.map((file) => ({
      id: uniqueId("picture"),
      file,
      name: nameOf(file),
      url: URL.createObjectURL(file),
      state: /** @type {const} */ ("waiting"),
      stage: "",
      share: null,
      until: 0,
      report: null,
      problem: null,
      at: null,
      ...how,
    }));
    this.all.push(...items);
    this.tell("added", items);
    return items;
  }

  /** @param {Item} item @param {Partial<Item>} values */
  change(item, values) {
    Object.assign(item, values);
    if (this.all.includes(item)) this.tell("changed", [item]);
  }

  /** @param {Item[]} items */
  remove(items) {
    this.all = this.all.filter((item) => !items.includes(item));
    this.tell("removed", items);
    for (const item of items) URL.revokeObjectURL(item.url);
  }

  /** @param {string} type @param {Item[]} items */
  tell(type, items) {
    this.dispatchEvent(new CustomEvent(type, { detail: items }));
  }
}

/** Whether nothing more will become of an item by itself. @param {Item} item */
export function isSettled(item) {
  return item.state === "done" || item.state === "failed" || item.state === "cancelled";
}

/** With its folder, where it came out of one. @param {File} file */
function nameOf(file) {
  return /** @type {any} */ (file).path_in_drop || file.webkitRelativePath || file.name;
}

// Checks pictures inside the page: models, what they say, and the report. As imageauth/detector.py.

import { calibrated, logitsOf } from "./answers.js";
import { madeFor, readCard } from "./card.js";
import { measure } from "./condition.js";
import { decode } from "./decode.js";
import { download, downloadChecked } from "./download.js";
import { examine } from "./examine.js";
import { damaged, ImageError } from "./failures.js";
import { heatmap } from "./heatmap.js";
import { look, names, weigh } from "./layout.js";
import { Network, loadRuntime } from "./network.js";
import { mean } from "./numbers.js";
import { overlay } from "./overlay.js";
import { decide } from "./policy.js";
import { failureOf, reportOf } from "./report.js";
import { sha256 } from "./sha256.js";
import { pool } from "./stability.js";
import { contrast } from "./views.js";

/** @typedef {import("./card.js").Card} Card */
/** @typedef {import("./evidence.js").Evidence} Evidence */
/** @typedef {(stage: string, share: number|null) => void} Progress */
/** @typedef {{card: Card, network: Network}} Model */
/**
 * Reads what a file says of itself, and looks for watermarks where the picture is decoded.
 * @typedef {(bytes: Uint8Array, picture: import("./provenance.js").Pixels|undefined, signal?: AbortSignal) =>
 *   Promise<{evidence: Evidence[], unread: string[]}>} ReadFile
 */

// Larger than any file of these that could be meant.
const MOST_CARD = 2 ** 20;
const MOST_WEIGHTS = 512 * 2 ** 20;
const MOST_RUNTIME = 64 * 2 ** 20;

export class Detector {
  /**
   * @param {object} settings
   * @param {Model[]} settings.models sorted by name
   * @param {string} settings.version of imageauth
   * @param {ReadFile} settings.readFile
   */
  constructor({ models, version, readFile }) {
    this.models = models;
    this.version = version;
    this.readFile = readFile;
  }

  /**
   * Fetch the runtime and the models, check them, and make them ready.
   * @param {object} settings
   * @param {URL} settings.assets where they lie: the page's `private/`
   * @param {string[]} settings.names of the models
   * @param {string} settings.version of imageauth
   * @param {number} settings.threads
   * @param {ReadFile} settings.readFile
   * @param {Progress} settings.progress
   * @param {AbortSignal} settings.signal
   */
  static async load({ assets, names: known, version, threads, readFile, progress, signal }) {
    const folder = (/** @type {string} */ name) => new URL(`models/${name}/`, assets);
    const cards = await Promise.all(
      [...known].sort().map(async (name) => {
        const bytes = await download(new URL("card.json", folder(name)), { most: MOST_CARD, signal });
        return readCard(JSON.parse(new TextDecoder().decode(bytes)));
      }),
    );
    const count = counted(progress);
    const runtime = loadRuntime(new URL("runtime/", assets), {
      threads,
      fetchBytes: async (url) => {
        const bytes = await download(url, { most: MOST_RUNTIME, signal, progress: count(url) });
        return /** @type {ArrayBuffer} */ (bytes.buffer);
      },
    });
    const weights = cards.map((card) => {
      const url = new URL(card.file, folder(card.name));
      return downloadChecked(url, card.sha256, { most: MOST_WEIGHTS, signal, progress: count(url.href) });
    });
    const [litert, ...files] = await Promise.all([runtime, ...weights]);
    progress("compiling", null);
    /** @type {Model[]} */
    const models = [];
    for (const card of cards) {
      const bytes = /** @type {Uint8Array} */ (files.shift());
      const { side } = card.layout;
      models.push({ card, network: await Network.compile(litert, bytes, { side, columns: columns(card), threads }) });
    }
    return new Detector({ models, version, readFile });
  }

  /**
   * @param {Uint8Array} bytes of a file
   * @param {string} name of it
   * @param {{heatmap: boolean, signal: AbortSignal, progress: Progress}} how
   * @returns {Promise<object>} a report, or a failure, of schema imageauth/report/1
   */
  async check(bytes, name, how) {
    try {
      return await this.report(bytes, name, how);
    } catch (error) {
      if (error instanceof ImageError) return failureOf(name, error.code, error.message);
      if (error instanceof RangeError) return failureOf(name, "too-large", "needs more memory than there is");
      throw error;
    }
  }

  /** @type {(bytes: Uint8Array, name: string, how: {heatmap: boolean, signal: AbortSignal, progress: Progress}) => Promise<object>} */
  async report(bytes, name, { heatmap: wanted, signal, progress }) {
    progress("reading", null);
    let picture;
    try {
      picture = await decode(bytes);
    } catch (error) {
      // Decoders throw anything on hostile input.
      const reason = error instanceof ImageError ? error : damaged("it cannot be read");
      return this.withoutPixels(bytes, name, reason, signal);
    }
    signal.throwIfAborted();
    const { picture: raster, notes, format } = picture;
    const { width, height } = raster;
    const about = { name, sha256: await sha256(bytes), format, width, height, notes };
    // Both work at once: the file is read in a worker of its own.
    const said = this.readFile(bytes, raster, signal);
    said.catch(() => {});
    const { card, network } = madeFor(this.models, width, height);
    const measures = Object.keys(card.conditions).length ? measure(raster, picture.quality) : null;
    progress("looking", 0);
    const looked = look(card.layout, raster, { lossless: picture.lossless });
    const all = await network.ask(looked.views, { signal, progress: (share) => progress("looking", share) });
    const answer = { ...scored(card, looked, all), contrast: contrast(looked.views), measures };
    const { evidence, unread } = await said;
    const report = reportOf(about, evidence, answer, this.version, unread);
    if (!wanted || report.probability === null) return report;
    progress("heatmap", null);
    const heat = await heatmap(card, looked, answer.said, (views) => network.ask(views, { signal }));
    return { ...report, heatmap: await overlay(heat, width, height) };
  }

  /**
   * A picture that cannot be decoded is an error, unless what the file says of itself decides.
   * @type {(bytes: Uint8Array, name: string, error: ImageError, signal: AbortSignal) => Promise<object>}
   */
  async withoutPixels(bytes, name, error, signal) {
    const header = await examine(bytes);
    if (!header) throw error;
    const { evidence, unread } = await this.readFile(bytes, header, signal);
    if (decide(evidence).reason === "no-decisive-evidence") throw error;
    const notes = [...header.notes, `The pixels could not be looked at: the picture ${error.message}.`];
    return reportOf({ ...header, name, notes, sha256: await sha256(bytes) }, evidence, null, this.version, unread);
  }
}

/**
 * What a network's answers about a picture's views say of the picture.
 * @param {Card} card
 * @param {import("./layout.js").Looked} looked
 * @param {import("./answers.js").Said[]} all
 */
export function scored(card, looked, all) {
  const { answers, calibration, layout } = card;
  const scores = weigh(layout, logitsOf(answers, all, names(layout, looked.counts, all.length)), looked.counts);
  const [leading] = looked.counts;
  const { unfamiliarity } = answers;
  return {
    card,
    probability: calibrated(calibration, pool(scores, layout.variants)),
    byVariant: scores.map((score) => calibrated(calibration, score)),
    unfamiliarity: unfamiliarity === null ? 0 : mean(all.slice(0, leading).map((said) => said[unfamiliarity])),
    said: all.slice(0, looked.places.length),
    leading,
  };
}

/** Columns that the network must have. @param {Card} card */
function columns({ answers }) {
  const { logit, unfamiliarity, own, kinds, map } = answers;
  return 1 + Math.max(
    logit,
    unfamiliarity ?? 0,
    ...Object.values(own),
    kinds ? kinds.first + kinds.names.length - 1 : 0,
    map ? map.first + map.side ** 2 - 1 : 0,
  );
}

/**
 * Adds up what several downloads tell.
 * @param {Progress} progress
 * @returns {(url: string) => (bytes: number, of: number|null) => void}
 */
function counted(progress) {
  /** @type {Map<string, {bytes: number, of: number|null}>} */
  const downloads = new Map();
  return (url) => {
    downloads.set(url, { bytes: 0, of: null });
    return (bytes, of) => {
      downloads.set(url, { bytes, of });
      const all = [...downloads.values()];
      const total = all.reduce((sum, each) => sum + (each.of ?? 0), 0);
      const known = all.every((each) => each.of !== null);
      progress("models", known && total ? all.reduce((sum, each) => sum + each.bytes, 0) / total : null);
    };
  };
}

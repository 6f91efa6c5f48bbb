// A LiteRT network in the browser: views in, answers out.

import { fixBatch } from "./flatbuffer.js";
import { fetchWith } from "./litert_loader.js";

/** @typedef {import("./raster.js").Raster} Raster */

// Milliseconds of work without looking up.
const BREATH = 100;

/** The runtime, once it is loaded. @type {Promise<any>|null} */
let loading = null;

/**
 * Load the runtime; later calls give the same.
 * @param {URL} folder with its files
 * @param {{threads: number, fetchBytes: (url: string) => Promise<ArrayBuffer>}} how `threads`: 1 where the page is not
 *   isolated from others (no SharedArrayBuffer)
 * @returns {Promise<any>}
 */
export function loadRuntime(folder, how) {
  loading ??= load(folder, how).catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

/** @type {(folder: URL, how: {threads: number, fetchBytes: (url: string) => Promise<ArrayBuffer>}) => Promise<any>} */
async function load(folder, { threads, fetchBytes }) {
  fetchWith(fetchBytes);
  const litert = await import(new URL("litert.js", folder).href);
  const many = threads > 1 && (await litert.supportsFeature("threads")) && (await litert.supportsFeature("relaxedSimd"));
  const quiet = console.warn;
  // It looks for a graphics processor that is not asked for here, and says so when there is none.
  console.warn = () => {};
  try {
    await litert.loadLiteRt(folder.href, { threads: many });
  } finally {
    console.warn = quiet;
  }
  return litert;
}

export class Network {
  /**
   * @param {any} litert
   * @param {any} model compiled
   * @param {number} side of a view, pixels
   */
  constructor(litert, model, side) {
    this.litert = litert;
    this.model = model;
    this.side = side;
  }

  /**
   * @param {any} litert as {@link loadRuntime} gives it
   * @param {Uint8Array} bytes of the model's file; they are changed
   * @param {{side: number, columns: number, threads: number}} expected `threads`: to run it on
   * @returns {Promise<Network>}
   * @throws {Error} it is no network of that form
   */
  static async compile(litert, bytes, { side, columns, threads }) {
    fixBatch(/** @type {ArrayBuffer} */ (bytes.buffer));
    const model = await litert.loadAndCompile(bytes, { accelerator: "wasm", cpuOptions: { numThreads: threads } });
    const [input, ...otherInputs] = model.getInputDetails();
    const [output, ...otherOutputs] = model.getOutputDetails();
    const shape = Array.from(input.shape);
    const fits = !otherInputs.length && !otherOutputs.length && shape.join() === [1, side, side, 3].join();
    if (!fits || input.dtype !== "float32" || output.shape[output.shape.length - 1] < columns) {
      model.delete?.();
      throw new Error("the network is not of the form that its card describes");
    }
    return new Network(litert, model, side);
  }

  /**
   * What it says of views, one after the other: a batch would need another plan of the memory, and be no faster.
   * @param {Raster[]} views side × side
   * @param {{signal?: AbortSignal, progress?: (share: number) => void}} [how]
   * @returns {Promise<Float32Array[]>}
   */
  async ask(views, { signal, progress } = {}) {
    const said = [];
    let since = performance.now();
    for (const view of views) {
      if (performance.now() - since > BREATH) {
        // Only between tasks does the word arrive that nobody waits any more.
        await new Promise((resolve) => setTimeout(resolve));
        since = performance.now();
      }
      signal?.throwIfAborted();
      const input = new this.litert.Tensor(Float32Array.from(view.data), [1, this.side, this.side, 3]);
      const outputs = await this.model.run(input);
      said.push(/** @type {Float32Array} */ (outputs[0].toTypedArray()).slice());
      for (const tensor of [input, ...outputs]) tensor.delete();
      progress?.(said.length / views.length);
    }
    return said;
  }
}

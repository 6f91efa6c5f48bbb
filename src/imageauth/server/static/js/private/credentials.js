/** The WebAssembly build of the C2PA library: a file's bytes → the library's own JSON. It fetches nothing of a file. */

export class CredentialReader {
  /** Bytes of WebAssembly memory in use. */
  memory = 0;
  /** Whether the library crashed, after which nothing that it says can be relied on. */
  broken = false;
  /** @type {?Promise<any>} */
  #library = null;
  #folder;
  #settings;

  /**
   * @param {URL} folder where the library's files lie
   * @param {string} settings of the library, JSON
   */
  constructor(folder, settings) {
    this.#folder = folder;
    this.#settings = settings;
  }

  /**
   * @param {Uint8Array} bytes the file
   * @param {string} mediaType of it
   * @returns {Promise<{report: string} | {error: string} | {none: true}>} what the library says, or complains of
   */
  async read(bytes, mediaType) {
    const library = await (this.#library ??= this.#load());
    let reader;
    try {
      reader = await library.WasmReader.fromBlob(mediaType, new Blob([bytes]), this.#settings);
      return { report: reader.json() };
    } catch (error) {
      const message = String(error?.message ?? error);
      this.broken ||= error instanceof WebAssembly.RuntimeError;
      return /ManifestNotFound|no JUMBF data found/i.test(message) ? { none: true } : { error: message };
    } finally {
      if (!this.broken) reader?.free();
      this.memory = library.memory.buffer.byteLength;
    }
  }

  async #load() {
    const library = await import(new URL('c2pa.js', this.#folder).href);
    const { memory } = await library.default({ module_or_path: new URL('c2pa_bg.wasm', this.#folder) });
    return { WasmReader: library.WasmReader, memory };
  }
}

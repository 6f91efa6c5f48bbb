// The WebAssembly build of the C2PA library: a file's bytes → the library's own JSON. It fetches nothing of a file.

const TRUSTED = "signingCredential.trusted";

export class CredentialReader {
  /** Bytes of WebAssembly memory in use. */
  memory = 0;
  /** Whether the library crashed, after which nothing that it says can be relied on. */
  broken = false;
  /** @type {any} */
  #library = null;
  #folder;
  #questions;

  /**
   * @param {URL} folder where the library's files lie
   * @param {Record<string, string>} questions settings of the library for each time that it is asked about a file
   */
  constructor(folder, questions) {
    this.#folder = folder;
    this.#questions = Object.entries(questions);
  }

  /** Load the library, once. @returns {Promise<boolean>} whether it is there now */
  async load() {
    if (this.#library) return true;
    try {
      const library = await import(new URL("c2pa.js", this.#folder).href);
      const { memory } = await library.default({ module_or_path: new URL("c2pa_bg.wasm", this.#folder) });
      this.#library = { WasmReader: library.WasmReader, memory };
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Ask the library about a file, once it is loaded.
   *
   * @param {Uint8Array} bytes the file
   * @param {string} mediaType of it
   * @returns {Promise<Record<string, {report: string} | {error: string}>>} what the library says or complains of, to the
   *   first question and, where it trusts a signer, to the others
   */
  async read(bytes, mediaType) {
    const file = new Blob([bytes]);
    /** @type {Record<string, {report: string} | {error: string}>} */
    const answers = {};
    const [first, ...others] = this.#questions;
    const answer = await this.#ask(file, mediaType, first[1]);
    answers[first[0]] = answer;
    for (const [name, settings] of answer.report?.includes(TRUSTED) ? others : []) {
      answers[name] = await this.#ask(file, mediaType, settings);
    }
    return answers;
  }

  async #ask(file, mediaType, settings) {
    let reader;
    try {
      reader = await this.#library.WasmReader.fromBlob(mediaType, file, settings);
      return { report: reader.json() };
    } catch (error) {
      this.broken ||= error instanceof WebAssembly.RuntimeError;
      return { error: String(error?.message ?? error) };
    } finally {
      if (!this.broken) reader?.free();
      this.memory = this.#library.memory.buffer.byteLength;
    }
  }
}

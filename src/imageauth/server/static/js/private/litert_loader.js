// Loads LiteRT's WebAssembly inside a module worker, quietly, from bytes that are counted as they arrive.
//
// `@litertjs/core` asks its sister package for this; that one runs on pages and in classic workers only. When the files
// are installed, the name of that package in them is changed to this module (imageauth/server/packages.py).

/** @type {{fetchBytes: (url: string) => Promise<ArrayBuffer>}} */
const settings = { fetchBytes: async (url) => (await fetch(url)).arrayBuffer() };

/**
 * How the WebAssembly file is fetched.
 * @param {(url: string) => Promise<ArrayBuffer>} fetchBytes
 */
export function fetchWith(fetchBytes) {
  settings.fetchBytes = fetchBytes;
}

/**
 * As `createWasmLib` of `@litertjs/wasm-utils`.
 * @template T
 * @param {new (module: object) => T} Library
 * @param {string|URL} script of Emscripten; the `.wasm` file lies beside it
 * @returns {Promise<T>}
 */
export async function createWasmLib(Library, script) {
  const url = new URL(script, self.location.href).href;
  const wasmBinary = await settings.fetchBytes(url.replace(/\.js$/, ".wasm"));
  const make = await factoryOf(url);
  const module = await make({
    wasmBinary,
    // Threads load the script themselves.
    mainScriptUrlOrBlob: url,
    locateFile: (/** @type {string} */ name) => new URL(name, url).href,
    // It reports each step as if it were an error; what is one is thrown as well.
    print: () => {},
    printErr: () => {},
  });
  return new Library(module);
}

/**
 * The script is no module: it offers its factory to whoever collects asynchronous module definitions, so we do.
 * @param {string} url
 * @returns {Promise<(settings: object) => Promise<object>>}
 */
async function factoryOf(url) {
  const scope = /** @type {any} */ (self);
  /** @type {any} */
  let factory;
  const before = scope.define;
  scope.define = Object.assign((/** @type {string[]} */ _, /** @type {() => any} */ give) => (factory = give()), {
    amd: {},
  });
  try {
    await import(url);
  } finally {
    scope.define = before;
  }
  if (!factory) throw new Error("the LiteRT runtime is not the one that this page knows");
  return factory;
}

// A worker that reads what a file says with imageauth's own Python modules, run by Pyodide. It answers one request at a
// time; the page ends it when one takes too long.

import { CredentialReader } from "./credentials.js";
import { decodePixels } from "./pixels_of_file.js";

/**
 * @typedef {object} Request
 * @property {number} id
 * @property {{credentials: boolean, trust: boolean}} here whether the library for credentials, and lists of signers, are
 * @property {Uint8Array} bytes the file
 * @property {number} [width] of the picture, upright; 0 where nobody knows
 * @property {number} [height]
 * @property {?string} [refusal] why the library for credentials must not be asked about this file
 */

const PYTHON = new URL("../../private/python/", import.meta.url);
const CREDENTIALS = new URL("../../private/credentials/", import.meta.url);
const TRUST = new URL("../../private/trust/lists.json", import.meta.url);
const ENTRY = "imageauth.provenance.browser";
/** Above this much memory the page starts a new worker for the next file, since WebAssembly gives none back. */
const MOST_MEMORY = 512 * 2 ** 20;

/** @type {?Promise<{pyodide: any, module: any, reader: any, toBytes: any}>} */
let python = null;
/** @type {?CredentialReader} */
let credentials = null;

/** Load Pyodide, our modules and the lists of signers. @param {Request} request */
async function boot({ here }) {
  const parts = Promise.all([
    load(new URL("imageauth.zip", PYTHON)).then((answer) => answer.arrayBuffer()),
    here.trust ? load(TRUST).then((answer) => answer.text()) : undefined,
  ]);
  parts.catch(() => {}); // told below
  const { loadPyodide } = await import(new URL("pyodide.mjs", PYTHON).href);
  const pyodide = await loadPyodide({ indexURL: PYTHON.href, stdout: () => {}, stderr: () => {} });
  const [archive, trust] = await parts;
  pyodide.FS.writeFile("/imageauth.zip", new Uint8Array(archive));
  pyodide.runPython('import sys; sys.path.insert(0, "/imageauth.zip")');
  const module = pyodide.pyimport(ENTRY);
  return { pyodide, module, reader: module.FileReader(trust), toBytes: pyodide.runPython("lambda view: view.to_bytes()") };
}

/** @param {URL} address */
async function load(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address.pathname}: ${answer.status}`);
  return answer;
}

/** What the page is answered. @param {Request} request */
async function read(request) {
  const { pyodide, module, reader, toBytes } = await (python ??= boot(request));
  tell(request, "reading");
  const data = toBytes(request.bytes);
  let raster;
  try {
    const plan = JSON.parse(reader.plan(data));
    const answers = plan.credentials ? await askCredentials(request, reader, plan.credentials) : undefined;
    tell(request, "reading");
    const pixels = plan.pixels ? await decodePixels(request.bytes, plan.format).catch(() => undefined) : undefined;
    if (pixels) {
      const copy = toBytes(pixels.data);
      raster = module.Raster(pixels.width, pixels.height, 4, copy);
      copy.destroy();
    }
    const evidence = JSON.parse(reader.read(data, request.width, request.height, answers, raster));
    const memory = pyodide._module.HEAPU8.length + (credentials?.memory ?? 0);
    return { evidence, worn: memory > MOST_MEMORY || (credentials?.broken ?? false) };
  } finally {
    data.destroy();
    raster?.destroy();
  }
}

/** What the C2PA library says, as the Python side wants it; undefined where it is not here or cannot be loaded. */
async function askCredentials(request, reader, mediaType) {
  if (request.refusal) return JSON.stringify({ all: { error: request.refusal } });
  if (!request.here.credentials) return undefined;
  tell(request, "loading");
  credentials ??= new CredentialReader(CREDENTIALS, JSON.parse(reader.questions));
  if (!(await credentials.load())) return undefined;
  tell(request, "credentials");
  return JSON.stringify(await credentials.read(request.bytes, mediaType));
}

function tell(request, stage) {
  self.postMessage({ id: request.id, stage });
}

self.addEventListener("message", async ({ data: request }) => {
  try {
    self.postMessage({ id: request.id, ...(await read(request)) });
  } catch (error) {
    self.postMessage({ id: request.id, error: String(error?.message ?? error).slice(0, 2000) });
  }
});

/**
 * A worker that reads what a file says with imageauth's own Python modules, run by Pyodide. It answers one request at a
 * time; the page ends it when one takes too long.
 */

import { CredentialReader } from './credentials.js';
import { decodePixels } from './pixels_of_file.js';

/**
 * @typedef {{id: number, bytes: Uint8Array, width: number, height: number, credentials: boolean, refusal: ?string}} Request
 *   `credentials`: whether their library is here; `refusal`: why it must not be asked about this file.
 */

const PYTHON = new URL('../../private/python/', import.meta.url);
const CREDENTIALS = new URL('../../private/credentials/', import.meta.url);
const ENTRY = 'imageauth.provenance.browser';
/** Above this much memory the page starts a new worker for the next file, since WebAssembly gives none back. */
const MOST_MEMORY = 512 * 2 ** 20;

/** @type {?Promise<{pyodide: any, readers: any, toBytes: any}>} */
let python = null;
/** @type {?CredentialReader} */
let credentials = null;

/** Load Pyodide and our modules. */
async function boot() {
  const archive = fetch(new URL('imageauth.zip', PYTHON)).then((answer) => {
    if (!answer.ok) throw new Error(`imageauth.zip: ${answer.status}`);
    return answer.arrayBuffer();
  });
  archive.catch(() => {}); // told below
  const { loadPyodide } = await import(new URL('pyodide.mjs', PYTHON).href);
  const pyodide = await loadPyodide({ indexURL: PYTHON.href, stdout: () => {}, stderr: () => {} });
  pyodide.FS.writeFile('/imageauth.zip', new Uint8Array(await archive));
  pyodide.runPython('import sys; sys.path.insert(0, "/imageauth.zip")');
  return { pyodide, readers: pyodide.pyimport(ENTRY), toBytes: pyodide.runPython('lambda view: view.to_bytes()') };
}

/** @param {Request} request */
async function read(request) {
  const { pyodide, readers, toBytes } = await (python ??= boot());
  tell(request, 'reading');
  const data = toBytes(request.bytes);
  let raster;
  try {
    const plan = JSON.parse(readers.plan(data));
    const store = plan.credentials ? await askCredentials(request, readers, plan.credentials) : undefined;
    tell(request, 'reading');
    const pixels = plan.pixels ? await decodePixels(request.bytes, plan.format).catch(() => undefined) : undefined;
    if (pixels) {
      const copy = toBytes(pixels.data);
      raster = readers.Raster(pixels.width, pixels.height, 4, copy);
      copy.destroy();
    }
    const evidence = JSON.parse(readers.read(data, request.width, request.height, store, raster));
    const memory = pyodide._module.HEAPU8.length + (credentials?.memory ?? 0);
    return { evidence, worn: memory > MOST_MEMORY || (credentials?.broken ?? false) };
  } finally {
    data.destroy();
    raster?.destroy();
  }
}

/** What the C2PA library says, as the Python side wants it; undefined where it is not here. */
async function askCredentials(request, readers, mediaType) {
  if (request.refusal) return JSON.stringify({ error: request.refusal });
  if (!request.credentials) return undefined;
  tell(request, 'credentials');
  credentials ??= new CredentialReader(CREDENTIALS, readers.settings());
  return JSON.stringify(await credentials.read(request.bytes, mediaType));
}

function tell(request, stage) {
  self.postMessage({ id: request.id, stage });
}

self.addEventListener('message', async ({ data: request }) => {
  try {
    if (request.bytes) {
      self.postMessage({ id: request.id, ...(await read(request)) });
    } else {
      await (python ??= boot());
      self.postMessage({ id: request.id, evidence: [], worn: false });
    }
  } catch (error) {
    self.postMessage({ id: request.id, error: String(error?.message ?? error).slice(0, 2000) });
  }
});

// Keeps a static site at hand: it works without a net after its first visit, and shares memory between threads on hosts
// that cannot send the headers for it. `imageauth web build` writes the list of files below; the page that a server sends
// has none and needs none.
//
// Each file is kept under its own hash, so that an update fetches only what changed, and nothing that was altered on its
// way is kept.

/** @type {{digest: string, files: Record<string, string>}} path → SHA-256 in base64 */
const ASSETS = { digest: "", files: {} };

const CACHE = "imageauth";
const HOME = new URL("./", self.location.href);
// So that threads may share memory, and nothing is fetched from elsewhere.
const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};
// What the page needs to begin with; models and readers follow when they are first used.
const LATER = /^private\//;
// Readers of files are used now and then only, and must be there offline all the same.
const READERS = /^private\/(python|credentials|trust)\//;

/** @param {string} path */
const key = (path) => new URL(`${path}?sha256=${encodeURIComponent(ASSETS.files[path])}`, HOME).href;

/**
 * Have files of the list kept: those that are not yet are fetched, and checked as they arrive.
 * @param {(path: string) => boolean} which
 */
async function keepAll(which) {
  const cache = await caches.open(CACHE);
  const paths = Object.keys(ASSETS.files).filter(which);
  await Promise.all(
    paths.map(async (path) => {
      if (await cache.match(key(path))) return;
      const integrity = `sha256-${ASSETS.files[path]}`;
      await cache.put(key(path), await fetch(new URL(path, HOME), { integrity, cache: "no-cache" }));
    }),
  );
}

/**
 * Keep a file that is on its way to the page, if it is the one of the list.
 * @param {string} path
 * @param {Response} answer
 */
async function keep(path, answer) {
  const body = await answer.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  if (btoa(String.fromCharCode(...digest)) !== ASSETS.files[path]) return;
  const cache = await caches.open(CACHE);
  await cache.put(key(path), new Response(body, { headers: answer.headers }));
}

/**
 * A file of the list: kept, or passed on as it arrives, so that the page can tell how far it is.
 * @param {string} path
 * @param {FetchEvent} event
 * @returns {Promise<Response>}
 */
async function file(path, event) {
  const kept = await (await caches.open(CACHE)).match(key(path));
  if (kept) return kept;
  const answer = await fetch(new URL(path, HOME), { cache: "no-cache" });
  // A full disk is no reason to fail: what cannot be kept is fetched again.
  if (answer.ok) event.waitUntil(keep(path, answer.clone()).catch(() => {}));
  return answer;
}

/** @param {Response} answer */
function isolated(answer) {
  const headers = new Headers(answer.headers);
  for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
  const { status, statusText } = answer;
  return new Response(answer.body, { status, statusText, headers });
}

/** Forget what no file of this list is. */
async function tidy() {
  const cache = await caches.open(CACHE);
  const wanted = new Set(Object.keys(ASSETS.files).map(key));
  const kept = await cache.keys();
  await Promise.all(kept.filter(({ url }) => !wanted.has(url)).map((request) => cache.delete(request)));
}

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(keepAll((path) => !LATER.test(path)));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(tidy().then(() => self.clients.claim()));
});

self.addEventListener("message", (event) => {
  if (event.data === "keep readers") event.waitUntil(keepAll((path) => READERS.test(path)).catch(() => {}));
});

self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== HOME.origin || !pathname.startsWith(HOME.pathname)) return;
  const path = decodeURIComponent(pathname.slice(HOME.pathname.length)) || "index.html";
  if (Object.hasOwn(ASSETS.files, path)) event.respondWith(file(path, event).then(isolated));
});

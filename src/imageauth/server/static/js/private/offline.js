// A static site's service worker, as far as private mode needs it: it keeps what is fetched, and gives the page the
// headers without which threads may not share memory.

const HOME = new URL("../../", import.meta.url);
const RELOADED = "imageauth-reloaded";
const PATIENCE = 5000;

/**
 * Wait until the service worker sees what the page fetches, where there can be one. Where the host does not isolate the
 * page from others, it is loaded once more, since only then threads can be had; then this never ends.
 * @returns {Promise<void>}
 */
export async function underServiceWorker() {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return;
  try {
    await serviceWorker.register(new URL("sw.js", HOME));
    await Promise.race([controlled(serviceWorker), new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
  } catch {
    return; // it works without one, as long as there is a net
  }
  if (self.crossOriginIsolated || !serviceWorker.controller || remembered()) return;
  location.reload();
  await new Promise(() => {});
}

/** @param {ServiceWorkerContainer} serviceWorker @returns {Promise<void>} */
function controlled(serviceWorker) {
  return new Promise((resolve) => {
    if (serviceWorker.controller) resolve();
    serviceWorker.addEventListener("controllerchange", () => resolve(), { once: true });
  });
}

/** Whether the page was loaded once more already; it remembers that it is now. */
function remembered() {
  try {
    if (sessionStorage.getItem(RELOADED)) return true;
    sessionStorage.setItem(RELOADED, "yes");
    return false;
  } catch {
    return true;
  }
}

/** Have what is only used now and then fetched as well, so that it is there without a net. */
export function keepReaders() {
  navigator.serviceWorker?.controller?.postMessage("keep readers");
}

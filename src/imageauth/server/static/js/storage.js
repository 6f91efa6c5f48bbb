// What the browser keeps for the page. Where it keeps nothing, because the reader switched that off, it is remembered for
// as long as the page is open.

/** @type {Map<string, string>} */
const here = new Map();

/**
 * @param {"localStorage" | "sessionStorage"} where for good, or until the tab is closed.
 * @param {string} key
 * @returns {string | null}
 */
export function recall(where, key) {
  try {
    return window[where].getItem(key) ?? here.get(key) ?? null;
  } catch {
    return here.get(key) ?? null;
  }
}

/** @param {"localStorage" | "sessionStorage"} where @param {string} key @param {string} value */
export function remember(where, key, value) {
  here.set(key, value);
  try {
    window[where].setItem(key, value);
  } catch {
    // It is remembered here.
  }
}

// Pictures come in: dropped anywhere, pasted, picked or photographed.

/** Of folders, so that a drop of a whole disk ends. */
const MOST_FILES = 2000;
const DEEPEST = 12;
const NAMES = /\.(jpe?g|jpe|jfif|mpo|a?png|webp|gif|bmp|dib|tiff?|avif|hei[cf]|svg|dng)$/i;

/**
 * @typedef {(files: File[], more: { left: number, truncated: boolean }) => void} Take `left`: files in folders that are
 *   no pictures by their names; `truncated`: there were more than are taken at once.
 */

/**
 * Listen for pictures that are dropped on the page or pasted into it.
 *
 * @param {Take} take
 * @param {{ hover: (over: boolean) => void, address: () => void }} tell `hover`: while something is dragged over the
 *   page; `address`: when what was dropped is the address of a picture elsewhere, which is never fetched.
 */
export function listen(take, { hover, address }) {
  // Drags enter and leave every element on their way; the page is left when all that were entered are.
  let depth = 0;
  const over = (/** @type {number} */ change) => {
    depth = Math.max(0, depth + change);
    hover(depth > 0);
  };
  addEventListener("dragenter", (event) => {
    if (hasFiles(event)) over(1);
  });
  addEventListener("dragleave", (event) => {
    if (hasFiles(event)) over(-1);
  });
  addEventListener("dragover", (event) => {
    if (!hasFiles(event) && !hasAddress(event)) return;
    event.preventDefault();
    /** @type {DataTransfer} */ (event.dataTransfer).dropEffect = "copy";
  });
  addEventListener("drop", async (event) => {
    // Otherwise the browser would go to the address, and all answers would be lost.
    if (!hasFiles(event) && hasAddress(event)) {
      event.preventDefault();
      address();
    }
    if (!hasFiles(event)) return;
    event.preventDefault();
    over(-depth);
    const found = await filesOf(/** @type {DataTransfer} */ (event.dataTransfer));
    take(found.files, found);
  });
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    take(files, { left: 0, truncated: false });
  });
}

/** @param {DragEvent} event */
function hasFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}

/** @param {DragEvent} event */
function hasAddress(event) {
  return event.dataTransfer?.types.includes("text/uri-list") ?? false;
}

/**
 * The files of a drop, and those in its folders that are pictures by their names.
 *
 * @param {DataTransfer} transfer
 */
export async function filesOf(transfer) {
  // Both must be read before the first await: the browser empties them.
  const entries = [...transfer.items].map((item) => (item.kind === "file" ? item.webkitGetAsEntry?.() : null));
  const plain = [...transfer.files];
  const found = { files: /** @type {File[]} */ ([]), left: 0, truncated: false };
  if (!entries.some((entry) => entry?.isDirectory)) {
    found.files = plain.slice(0, MOST_FILES);
    found.truncated = plain.length > MOST_FILES;
    return found;
  }
  for (const entry of entries) if (entry) await walk(entry, found, 0);
  return found;
}

/**
 * @param {FileSystemEntry} entry
 * @param {{ files: File[], left: number, truncated: boolean }} found
 * @param {number} depth
 */
async function walk(entry, found, depth) {
  if (found.files.length >= MOST_FILES || depth > DEEPEST) {
    found.truncated = true;
    return;
  }
  if (entry.isFile) {
    if (depth && !NAMES.test(entry.name)) {
      found.left += 1;
      return;
    }
    const file = await fileOf(/** @type {FileSystemFileEntry} */ (entry));
    if (file) found.files.push(Object.assign(file, { path_in_drop: entry.fullPath.replace(/^\//, "") }));
    else found.left += 1;
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  for (;;) {
    // A reader gives a hundred at a time, and nothing after the last.
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (!some.length) return;
    for (const child of some) await walk(child, found, depth + 1);
  }
}

/** @param {FileSystemFileEntry} entry @returns {Promise<File | null>} */
function fileOf(entry) {
  return new Promise((resolve) => entry.file(resolve, () => resolve(null)));
}

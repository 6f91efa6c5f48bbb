// The tiles on the screen: only those in sight exist, and they are used again for others.

const GAP = 10;
const NARROWEST = 150;
const TEXT = 84; // height of what stands under a picture
const BEYOND = 2; // rows of tiles kept above and below what is in sight

/**
 * @typedef {object} Tile
 * @property {HTMLElement} box
 * @property {HTMLButtonElement} face
 * @property {HTMLElement} frame
 * @property {HTMLElement} verdict
 * @property {HTMLElement} chance
 * @property {HTMLElement} name
 * @property {HTMLElement} copies
 * @property {HTMLElement} marks
 * @property {number} at
 * @property {string | null} picture
 */

const view = byId("view");
const tilesBox = byId("tiles");
/** @type {{ heads: Uint32Array, fitting: Uint32Array, rows: number }} */
let shown = { heads: new Uint32Array(0), fitting: new Uint32Array(0), rows: 0 };
let together = true;
/** @type {Map<number, Tile>} */
const placed = new Map();
/** @type {Tile[]} */
const spare = [];
let current = 0;
let perRow = 1;
let tileWidth = NARROWEST;
let tileHeight = NARROWEST;
let lastTop = 0;
let drawing = 0;
let loading = 0;

/**
 * Rows that a tile stands for: what a mark on it is about.
 * @param {number} at
 */
const rowsOf = (at) => (together ? groupOf(shown.heads[at]) : shown.heads.subarray(at, at + 1));

/** @returns {Tile} */
function makeTile() {
  const frame = element("div", { class: "frame" });
  const verdict = element("span");
  const chance = element("span");
  const name = element("div", { class: "name", dir: "auto" });
  const copies = element("span", { class: "count" });
  const face = element("button", { type: "button", class: "face", tabindex: -1 });
  face.append(frame, element("div", { class: "line" }, verdict, chance), name);
  /** @type {Tile} */
  const tile = { box: element("div", { class: "tile", role: "listitem" }), face, frame, verdict, chance, name, copies,
    marks: element("div"), at: -1, picture: null };
  tile.marks = markButtons((mark) => toggleMark(rowsOf(tile.at), mark), false);
  tile.box.append(face, tile.marks);
  face.addEventListener("click", () => openDetail(tile.at));
  face.addEventListener("focus", () => setCurrent(tile.at));
  return tile;
}

/**
 * @param {Tile} tile
 * @param {number} at
 */
function fill(tile, at) {
  const row = shown.heads[at];
  const look = lookOf(row);
  const size = together ? groupOf(row).length : 1;
  tile.at = at;
  tile.box.setAttribute("aria-setsize", String(shown.heads.length));
  tile.box.setAttribute("aria-posinset", String(at + 1));
  tile.verdict.className = look.tone;
  tile.verdict.replaceChildren(element("span", { "aria-hidden": "true" }, `${look.sign} `), outcomeOf(row));
  tile.chance.textContent = chanceOf(row);
  const name = columns.names[row];
  tile.name.textContent = name.slice(name.lastIndexOf("/") + 1) || name;
  tile.face.title = name;
  tile.frame.replaceChildren(outcomeOf(row) === "error" ? "could not be checked" : "no picture");
  tile.picture = pictureOf(row);
  if (tile.picture) tile.frame.textContent = "";
  if (size > 1) {
    const mixed = groupOf(row).some((one) => columns.outcome[one] !== columns.outcome[row]);
    const fitting = shown.fitting[at] < size ? `${told(shown.fitting[at])} of ` : "";
    tile.copies.textContent = `${fitting}${told(size)} copies${mixed ? ", mixed" : ""}`;
    tile.copies.title = mixed ? "Their verdicts differ" : "";
    tile.frame.append(tile.copies);
  }
  showMark(tile);
  const x = (at % perRow) * (tileWidth + GAP);
  const y = Math.floor(at / perRow) * (tileHeight + GAP);
  tile.box.style.cssText = `width:${tileWidth}px;height:${tileHeight}px;transform:translate(${x}px,${y}px)`;
  tile.face.tabIndex = at === current ? 0 : -1;
}

/** @param {Tile} tile */
function showMark(tile) {
  showPressed(tile.marks, markOf(rowsOf(tile.at)));
}

/** @param {Tile} tile */
function loadPicture(tile) {
  if (!tile.picture) return;
  const row = shown.heads[tile.at];
  const picture = element("img", { alt: "", decoding: "async", class: isTiny(row) ? "tiny" : null, src: tile.picture });
  tile.picture = null;
  tile.frame.prepend(picture);
}

/** Put the tiles that are in sight into place. */
function draw() {
  drawing = 0;
  const top = view.scrollTop;
  const step = tileHeight + GAP;
  const first = Math.max(0, Math.floor(top / step) - BEYOND) * perRow;
  const last = Math.min(shown.heads.length, (Math.ceil((top + view.clientHeight) / step) + BEYOND) * perRow);
  for (const [at, tile] of placed) {
    // What has the focus stays, or the keyboard would lose its place.
    if ((at < first || at >= last) && at !== current) {
      placed.delete(at);
      spare.push(tile);
    }
  }
  const fresh = document.createDocumentFragment();
  for (let at = first; at < last; at += 1) drawOne(at, fresh);
  if (current < shown.heads.length) drawOne(current, fresh);
  tilesBox.append(fresh);
  while (spare.length > 4 * perRow) spare.pop()?.box.remove();
  for (const tile of spare) tile.box.hidden = true;
  // While somebody rushes past, pictures that nobody will see are not loaded.
  const rushing = Math.abs(top - lastTop) > view.clientHeight;
  lastTop = top;
  window.clearTimeout(loading);
  if (rushing) loading = window.setTimeout(loadPictures, 80);
  else loadPictures();
}

/**
 * @param {number} at
 * @param {DocumentFragment} fresh
 */
function drawOne(at, fresh) {
  if (placed.has(at)) return;
  const tile = spare.pop() ?? makeTile();
  fill(tile, at);
  tile.box.hidden = false;
  placed.set(at, tile);
  if (!tile.box.isConnected) fresh.append(tile.box);
}

function loadPictures() {
  for (const tile of placed.values()) loadPicture(tile);
}

function drawSoon() {
  if (!drawing) drawing = window.requestAnimationFrame(draw);
}

/** Measure, and draw all anew. */
function layOut() {
  const width = tilesBox.clientWidth;
  perRow = Math.max(2, Math.floor((width + GAP) / (NARROWEST + GAP)));
  tileWidth = Math.floor((width - (perRow - 1) * GAP) / perRow);
  tileHeight = Math.round(tileWidth * 0.8) + TEXT;
  const rows = Math.ceil(shown.heads.length / perRow);
  tilesBox.style.height = `${Math.max(0, rows * (tileHeight + GAP) - GAP)}px`;
  for (const [at, tile] of placed) {
    if (at < shown.heads.length) fill(tile, at);
    else {
      placed.delete(at);
      spare.push(tile);
    }
  }
  draw();
}

/**
 * Show other tiles.
 * @param {{ heads: Uint32Array, fitting: Uint32Array, rows: number }} selection
 * @param {boolean} asOne
 */
function showTiles(selection, asOne) {
  shown = selection;
  together = asOne;
  current = 0;
  view.scrollTop = 0;
  lastTop = 0;
  layOut();
}

/** @param {number} at */
function setCurrent(at) {
  if (at === current) return;
  const before = placed.get(current);
  if (before) before.face.tabIndex = -1;
  current = at;
  const now = placed.get(at);
  if (now) now.face.tabIndex = 0;
}

/**
 * Bring a tile into sight and give it the focus.
 * @param {number} at
 */
function goTo(at) {
  const step = tileHeight + GAP;
  const top = Math.floor(at / perRow) * step;
  if (top < view.scrollTop) view.scrollTop = top;
  else if (top + step > view.scrollTop + view.clientHeight - GAP) view.scrollTop = top + step - view.clientHeight + 2 * GAP;
  setCurrent(at);
  draw();
  placed.get(at)?.face.focus({ preventScroll: true });
}

/** @param {KeyboardEvent} event */
function moveByKey(event) {
  if (!(event.target instanceof HTMLElement) || !event.target.classList.contains("face")) return;
  const mark = markOfKey(event);
  if (mark) {
    event.preventDefault();
    toggleMark(rowsOf(current), mark);
    return;
  }
  const page = perRow * Math.max(1, Math.floor(view.clientHeight / (tileHeight + GAP)));
  const last = shown.heads.length - 1;
  /** @type {Record<string, number>} */
  const moves = {
    ArrowRight: current + 1,
    ArrowLeft: current - 1,
    ArrowDown: current + perRow > last ? current : current + perRow,
    ArrowUp: current - perRow < 0 ? current : current - perRow,
    PageDown: current + page,
    PageUp: current - page,
    Home: 0,
    End: last,
  };
  if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  goTo(Math.min(last, Math.max(0, moves[event.key])));
}

view.addEventListener("scroll", drawSoon, { passive: true });
tilesBox.addEventListener("keydown", moveByKey);
whenMarked.add(() => {
  for (const tile of placed.values()) showMark(tile);
});

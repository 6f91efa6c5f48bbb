// What a person says of rows. Kept in this browser, and wherever it is exported to.

/** @typedef {"agree" | "disagree" | "again"} Mark */
/** @type {Record<Mark, { sign: string, words: string, key: string }>} */
const MARKS = {
  agree: { sign: "✓", words: "Agree", key: "a" },
  disagree: { sign: "✗", words: "Disagree", key: "d" },
  again: { sign: "↻", words: "Look again", key: "l" },
};
const SCHEMA = "imageauth/marks/1";
const LARGEST = 64 * 1024 * 1024;
const STORED = `imageauth-review:${columns.fingerprint}`;

/** @type {Map<number, { mark: Mark, at: string }>} */
const marks = new Map();
/** @type {Set<() => void>} */
const whenMarked = new Set();
let storing = 0;
let storable = true;

/**
 * Mark rows, or take the mark away where all of them have it.
 * @param {Iterable<number>} rows
 * @param {Mark} mark
 */
function toggleMark(rows, mark) {
  const all = [...rows];
  const taken = all.every((row) => marks.get(row)?.mark === mark);
  const at = new Date().toISOString();
  for (const row of all) {
    if (taken) marks.delete(row);
    else marks.set(row, { mark, at });
  }
  tellMarked();
}

function tellMarked() {
  window.clearTimeout(storing);
  storing = window.setTimeout(storeMarks, 300);
  for (const tell of whenMarked) tell();
}

/**
 * @param {Iterable<number>} rows
 * @returns {Mark | "mixed" | null} what all of them have
 */
function markOf(rows) {
  /** @type {Mark | null | undefined} */
  let found;
  for (const row of rows) {
    const mark = marks.get(row)?.mark ?? null;
    if (found !== undefined && found !== mark) return "mixed";
    found = mark;
  }
  return found ?? null;
}

function storeMarks() {
  try {
    localStorage.setItem(STORED, JSON.stringify([...marks].map(([row, { mark, at }]) => [row, mark, at])));
    storable = true;
  } catch {
    storable = false;
  }
  showMarks();
}

function restoreMarks() {
  try {
    for (const [row, mark, at] of JSON.parse(localStorage.getItem(STORED) ?? "[]")) {
      if (row in columns.names && mark in MARKS) marks.set(row, { mark, at: String(at) });
    }
  } catch {
    storable = false;
  }
}

/** Rows with a mark, in the order of the scan. */
const markedRows = () => [...marks.keys()].sort((one, two) => one - two);

/** @returns {string} */
function marksAsJson() {
  const found = markedRows().map((row) => ({
    file: columns.names[row],
    verdict: outcomeOf(row),
    probability: columns.probability[row] < 0 ? null : columns.probability[row] / 10000,
    .../** @type {{ mark: Mark, at: string }} */ (marks.get(row)),
  }));
  return `${JSON.stringify({ schema: SCHEMA, results: columns.title, marks: found }, null, 1)}\n`;
}

/** @returns {string} RFC 4180; what a spreadsheet would take for a formula begins with a quotation mark. */
function marksAsCsv() {
  /** @param {string | number} value */
  const cell = (value) => {
    const text = /^[=+\-@\t\r]/.test(String(value)) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = markedRows().map((row) => {
    const { mark, at } = /** @type {{ mark: Mark, at: string }} */ (marks.get(row));
    const chance = columns.probability[row] < 0 ? "" : columns.probability[row] / 10000;
    return [columns.names[row], outcomeOf(row), chance, mark, at].map(cell).join(",");
  });
  return ["file,verdict,probability,mark,marked_at", ...lines, ""].join("\r\n");
}

/**
 * Add the marks of a file that this page, or another one of the same files, exported.
 * @param {File} file
 * @returns {Promise<string>} what became of them
 */
async function importMarks(file) {
  if (file.size > LARGEST) return "That file is too large to hold marks.";
  let read;
  try {
    read = JSON.parse(await file.text());
  } catch {
    return "That file holds no marks: it is no JSON.";
  }
  if (read?.schema !== SCHEMA || !Array.isArray(read.marks)) return `That file holds no marks of schema ${SCHEMA}.`;
  const rows = new Map(columns.names.map((name, row) => [name, row]));
  let taken = 0;
  for (const one of read.marks) {
    const row = rows.get(one?.file);
    if (row !== undefined && Object.hasOwn(MARKS, one.mark)) {
      marks.set(row, { mark: one.mark, at: String(one.at) });
      taken += 1;
    }
  }
  tellMarked();
  const rest = read.marks.length - taken;
  return `${told(taken)} marks were loaded${rest ? `, ${told(rest)} are of files that are not here` : ""}.`;
}

/**
 * @param {string} name
 * @param {string} kind
 * @param {string} text
 */
function download(name, kind, text) {
  const address = URL.createObjectURL(new Blob([text], { type: kind }));
  element("a", { href: address, download: name }).click();
  window.setTimeout(() => URL.revokeObjectURL(address), 60000);
}

/**
 * The three buttons.
 * @param {(mark: Mark) => void} press
 * @param {boolean} spoken whether they are reached by the keyboard and say their words
 */
function markButtons(press, spoken) {
  const box = element("div", { class: "marks", role: "group", "aria-label": "Marks" });
  for (const [name, { sign, words, key }] of Object.entries(MARKS)) {
    const button = element("button", {
      type: "button",
      "data-mark": name,
      "aria-pressed": "false",
      tabindex: spoken ? null : -1,
      "aria-label": spoken ? null : words,
      title: `${words} (${key.toUpperCase()})`,
    });
    button.append(spoken ? `${sign} ${words}` : sign);
    button.addEventListener("click", () => press(/** @type {Mark} */ (name)));
    box.append(button);
  }
  return box;
}

/**
 * @param {HTMLElement} box
 * @param {Mark | "mixed" | null} mark
 */
function showPressed(box, mark) {
  for (const button of box.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.dataset.mark === mark));
  }
}

/**
 * The mark that a key stands for, when nothing is held beside it.
 * @param {KeyboardEvent} event
 * @returns {Mark | null}
 */
function markOfKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const found = Object.entries(MARKS).find(([, { key }]) => key === event.key.toLowerCase());
  return found ? /** @type {Mark} */ (found[0]) : null;
}

// What the page was made with: columns, one value a row. Nothing in them is ever parsed as HTML.

/**
 * @typedef {object} Columns
 * @property {string} title
 * @property {string} fingerprint
 * @property {string} files folder beside the page
 * @property {string} base path to the folder that relative names begin in
 * @property {number} chunk rows whose details are one file
 * @property {string[]} outcomes
 * @property {number[]} counts
 * @property {number} leftOut
 * @property {string[]} names
 * @property {number[]} plain rows whose name can be a link
 * @property {number[]} outcome
 * @property {number[]} probability ten-thousandths, −1 for none
 * @property {number[]} width
 * @property {number[]} height
 * @property {number[]} copyOf
 * @property {number[]} group
 * @property {number[]} thumbnails rows that there is a small picture of
 */

/** @type {Columns} */
const columns = JSON.parse(/** @type {string} */ (document.getElementById("data")?.textContent));
const count = columns.names.length;
const plain = new Set(columns.plain);
const pictured = new Set(columns.thumbnails);

/** Sign, class of colour and words of each outcome: a shape beside the colour, so that nobody has to tell colours apart. */
const LOOKS = {
  "ai-generated": { sign: "■", tone: "ai" },
  "likely-ai": { sign: "▲", tone: "ai" },
  inconclusive: { sign: "?", tone: "open" },
  "likely-real": { sign: "○", tone: "real" },
  "camera-verified": { sign: "✓", tone: "real" },
  error: { sign: "!", tone: "fault" },
};

/** Rows of each group, in order: those of group g stand from starts[g] to starts[g + 1]. */
const starts = new Uint32Array(count + 1);
for (const group of columns.group) starts[group + 1] += 1;
for (let row = 0; row < count; row += 1) starts[row + 1] += starts[row];
const members = new Uint32Array(count);
{
  const next = starts.slice();
  for (let row = 0; row < count; row += 1) members[next[columns.group[row]]++] = row;
}

/**
 * @param {number} row
 * @returns {Uint32Array} all rows of its group
 */
const groupOf = (row) => members.subarray(starts[columns.group[row]], starts[columns.group[row] + 1]);

/** @param {number} row */
const outcomeOf = (row) => columns.outcomes[columns.outcome[row]];

/** @param {number} row */
const lookOf = (row) => LOOKS[/** @type {keyof typeof LOOKS} */ (outcomeOf(row))];

/**
 * @param {number} row
 * @returns {string} as the command line says it: never a certainty that nobody has
 */
function chanceOf(row) {
  const value = columns.probability[row];
  if (value < 0) return "–";
  if (value < 100) return "<1 %";
  return value > 9900 ? ">99 %" : `${Math.round(value / 100)} %`;
}

/** @param {number} row */
const isTiny = (row) => Math.max(columns.width[row], columns.height[row]) <= 64;

/**
 * @param {number} row
 * @returns {number} the first row of the same bytes, which may be itself
 */
const firstOf = (row) => (columns.copyOf[row] >= 0 ? columns.copyOf[row] : row);

/**
 * @param {"thumbnails" | "details"} kind
 * @param {number} number
 * @param {string} suffix
 * @returns {string} where a file of the folder beside the page lies
 */
function addressOf(kind, number, suffix) {
  const folder = String(Math.floor(number / 1000)).padStart(3, "0");
  return `${encodeURIComponent(columns.files)}/${kind}/${folder}/${String(number).padStart(6, "0")}${suffix}`;
}

/**
 * @param {number} row
 * @returns {string | null} where its small picture lies; that of the first copy serves all
 */
function pictureOf(row) {
  const first = firstOf(row);
  return pictured.has(first) ? addressOf("thumbnails", first, ".webp") : null;
}

/**
 * @param {number} row
 * @returns {string | null} where the file itself lies, if it may lie on this machine
 */
function fileOf(row) {
  if (!plain.has(row)) return null;
  const path = columns.names[row].split("/").map(encodeURIComponent).join("/");
  if (path.startsWith("/")) return `file://${path}`;
  return `${columns.base.split("/").map(encodeURIComponent).join("/")}/${path}`;
}

/** @param {number} number */
const told = (number) => number.toLocaleString("en");

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number | boolean | null>} [attributes] null and false leave one out
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @returns {T}
 */
const byId = (id) => /** @type {T} */ (document.getElementById(id));

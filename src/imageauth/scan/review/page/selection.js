// Filters and order → tiles.

/**
 * @typedef {object} Wish
 * @property {Set<number>} outcomes
 * @property {string} text lower case
 * @property {number} least ten-thousandths
 * @property {number} most
 * @property {string} marked
 * @property {string} sort
 * @property {boolean} together
 */

/** @type {Map<string, Uint32Array>} */
const orders = new Map();
/** @type {string[]} */
let lowered = [];

const RANK = ["ai-generated", "likely-ai", "inconclusive", "error", "likely-real", "camera-verified"];

/**
 * All rows in an order; each is worked out once.
 * @param {string} name
 */
function orderOf(name) {
  let order = orders.get(name);
  if (!order) {
    const { probability, names, group, outcome } = columns;
    const rank = columns.outcomes.map((one) => RANK.indexOf(one));
    /** @type {Record<string, (one: number, two: number) => number>} */
    const ways = {
      order: (one, two) => one - two,
      likeliest: (one, two) => probability[two] - probability[one],
      // Rows without a chance come last in either direction.
      unlikeliest: (one, two) => (probability[one] >>> 0) - (probability[two] >>> 0),
      verdict: (one, two) => rank[outcome[one]] - rank[outcome[two]] || probability[two] - probability[one],
      name: (one, two) => (names[one] < names[two] ? -1 : +(names[one] > names[two])),
      copies: (one, two) => groupOf(two).length - groupOf(one).length || group[one] - group[two],
    };
    order = Uint32Array.from(columns.names.keys()).sort((one, two) => ways[name](one, two) || one - two);
    orders.set(name, order);
  }
  return order;
}

/**
 * @param {Wish} wish
 * @returns {(row: number) => boolean}
 */
function filterOf(wish) {
  if (wish.text && !lowered.length) lowered = columns.names.map((name) => name.toLowerCase());
  const bounded = wish.least > 0 || wish.most < 10000;
  const shown = columns.outcomes.map((_, number) => wish.outcomes.has(number));
  return (row) => {
    if (!shown[columns.outcome[row]]) return false;
    const chance = columns.probability[row];
    if (bounded && (chance < wish.least || chance > wish.most || chance < 0)) return false;
    if (wish.text && !lowered[row].includes(wish.text)) return false;
    if (wish.marked === "any") return true;
    const mark = marks.get(row)?.mark;
    return wish.marked === "none" ? !mark : wish.marked === "marked" ? !!mark : mark === wish.marked;
  };
}

/**
 * The tiles: a row each, or a group each by its first row that fits.
 * @param {Wish} wish
 * @returns {{ heads: Uint32Array, fitting: Uint32Array, rows: number }} the row on top of each tile, how many of its group
 *   fit, and how many rows fit in all
 */
function select(wish) {
  const fits = filterOf(wish);
  const heads = new Uint32Array(count);
  const fitting = new Uint32Array(count);
  const tileOf = new Int32Array(wish.together ? count : 0).fill(-1);
  let tiles = 0;
  let rows = 0;
  for (const row of orderOf(wish.sort)) {
    if (!fits(row)) continue;
    rows += 1;
    const known = wish.together ? tileOf[columns.group[row]] : -1;
    if (known >= 0) {
      fitting[known] += 1;
      continue;
    }
    if (wish.together) tileOf[columns.group[row]] = tiles;
    heads[tiles] = row;
    fitting[tiles] = 1;
    tiles += 1;
  }
  return { heads: heads.subarray(0, tiles), fitting: fitting.subarray(0, tiles), rows };
}

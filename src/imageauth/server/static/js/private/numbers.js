// Rounding and writing numbers as Python does, so that a report reads the same wherever it was made.

/**
 * To the nearest whole number, halves to the even one.
 * @param {number} value
 */
export function roundEven(value) {
  const low = Math.floor(value);
  const rest = value - low;
  return rest < 0.5 || (rest === 0.5 && low % 2 === 0) ? low : low + 1;
}

/**
 * To so many decimals, as Python's `round`: the double nearest to the rounded decimal, exact halves to the even digit.
 * @param {number} value
 * @param {number} digits
 */
export function rounded(value, digits) {
  return Number(fixed(value, digits));
}

/**
 * With so many decimals, as Python's `f"{value:.2f}"`.
 * @param {number} value
 * @param {number} digits
 */
export function fixed(value, digits) {
  if (!Number.isFinite(value)) return String(value);
  // toFixed rounds exact halves up; a double that ends in a half has at most some fifty decimals.
  const exact = Math.abs(value).toFixed(70);
  const cut = exact.indexOf(".") + 1 + digits;
  const half = exact[cut] === "5" && /^0*$/.test(exact.slice(cut + 1));
  const before = exact.slice(0, digits ? cut : cut - 1);
  const even = "02468".includes(before[before.length - 1]);
  const text = half && even ? before : Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) ? `-${text}` : text;
}

/**
 * With at most six significant digits, as Python's `f"{value:g}"` for numbers of everyday size.
 * @param {number} value
 */
export function general(value) {
  return String(Number(value.toPrecision(6)));
}

/**
 * Evenly spread numbers from 0 to `end`, both included.
 * @param {number} end
 * @param {number} count
 * @returns {number[]}
 */
export function spread(end, count) {
  const step = end / (count - 1);
  return Array.from({ length: count }, (_, at) => (at === count - 1 ? end : at * step));
}

/** @param {ArrayLike<number>} values */
export function mean(values) {
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += values[at];
  return sum / values.length;
}

/** The sum of products. @param {ArrayLike<number>} one @param {ArrayLike<number>} other as long */
export function dot(one, other) {
  let sum = 0;
  for (let at = 0; at < one.length; at++) sum += one[at] * other[at];
  return sum;
}

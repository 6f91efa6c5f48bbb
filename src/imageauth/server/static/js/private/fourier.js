// The power spectrum of a square patch: Cooley & Tukey 1965, radix 2, rows and then columns.

/**
 * @param {Float64Array} patch side × side real numbers, row by row
 * @param {number} side a power of two
 * @returns {Float64Array} |F|², side rows and side / 2 + 1 columns, as `numpy.fft.rfft2` orders them
 */
export function power(patch, side) {
  const columns = side / 2 + 1;
  const real = new Float64Array(side * columns);
  const imaginary = new Float64Array(side * columns);
  const [re, im] = [new Float64Array(side), new Float64Array(side)];
  for (let row = 0; row < side; row++) {
    re.set(patch.subarray(row * side, (row + 1) * side));
    im.fill(0);
    transform(re, im);
    real.set(re.subarray(0, columns), row * columns);
    imaginary.set(im.subarray(0, columns), row * columns);
  }
  const result = new Float64Array(side * columns);
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < side; row++) {
      re[row] = real[row * columns + column];
      im[row] = imaginary[row * columns + column];
    }
    transform(re, im);
    for (let row = 0; row < side; row++) result[row * columns + column] = re[row] ** 2 + im[row] ** 2;
  }
  return result;
}

/**
 * In place.
 * @param {Float64Array} re
 * @param {Float64Array} im
 */
function transform(re, im) {
  const n = re.length;
  const { cosines, sines } = (turns[n] ??= turnsOf(n));
  for (let at = 1, to = 0; at < n; at++) {
    let bit = n >> 1;
    for (; to & bit; bit >>= 1) to ^= bit;
    to ^= bit;
    if (at < to) {
      const r = re[at];
      const i = im[at];
      re[at] = re[to];
      im[at] = im[to];
      re[to] = r;
      im[to] = i;
    }
  }
  for (let size = 2; size <= n; size *= 2) {
    const half = size / 2;
    for (let k = 0; k < half; k++) {
      const cos = cosines[(k * n) / size];
      const sin = sines[(k * n) / size];
      for (let at = k; at < n; at += size) {
        const other = at + half;
        const r = re[other] * cos - im[other] * sin;
        const i = re[other] * sin + im[other] * cos;
        re[other] = re[at] - r;
        im[other] = im[at] - i;
        re[at] += r;
        im[at] += i;
      }
    }
  }
}

/** Of each length. @type {Record<number, {cosines: Float64Array, sines: Float64Array}>} */
const turns = {};

/** @param {number} n */
function turnsOf(n) {
  const angle = (/** @type {number} */ k) => (-2 * Math.PI * k) / n;
  return {
    cosines: Float64Array.from({ length: n / 2 }, (_, k) => Math.cos(angle(k))),
    sines: Float64Array.from({ length: n / 2 }, (_, k) => Math.sin(angle(k))),
  };
}

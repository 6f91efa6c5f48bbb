// The cosine transform of JPEG and its inverse on one block, in the integer arithmetic of libjpeg's "islow" method.
//
// After jfdctint.c and jidctint.c of libjpeg-turbo (IJG licence, see NOTICE): Loeffler, Ligtenberg & Moschytz 1989 with
// 12 multiplications, constants scaled by 2^13.

const [C0, C1, C2, C3, C4, C5] = [2446, 3196, 4433, 6270, 7373, 9633];
const [C6, C7, C8, C9, C10, C11] = [12299, 15137, 16069, 16819, 20995, 25172];

/**
 * In place: samples minus 128 → coefficients times 8.
 * @param {Int32Array} block 64 numbers, row by row
 */
export function forward(block) {
  for (let at = 0; at < 64; at += 8) forwardLine(block, at, 1, 2, 11);
  for (let at = 0; at < 8; at++) forwardLine(block, at, 8, -2, 15);
}

/**
 * @param {Int32Array} d
 * @param {number} p first place
 * @param {number} s step to the next
 * @param {number} up shift of the even sums, to the left; to the right where negative
 * @param {number} shift of the others, to the right
 */
function forwardLine(d, p, s, up, shift) {
  const p1 = p + s;
  const p2 = p + 2 * s;
  const p3 = p + 3 * s;
  const p4 = p + 4 * s;
  const p5 = p + 5 * s;
  const p6 = p + 6 * s;
  const p7 = p + 7 * s;
  const a0 = d[p] + d[p7];
  const a7 = d[p] - d[p7];
  const a1 = d[p1] + d[p6];
  const a6 = d[p1] - d[p6];
  const a2 = d[p2] + d[p5];
  const a5 = d[p2] - d[p5];
  const a3 = d[p3] + d[p4];
  const a4 = d[p3] - d[p4];
  const b0 = a0 + a3;
  const b3 = a0 - a3;
  const b1 = a1 + a2;
  const b2 = a1 - a2;
  const half = 1 << (shift - 1);
  if (up > 0) {
    d[p] = (b0 + b1) << up;
    d[p4] = (b0 - b1) << up;
  } else {
    const round = 1 << (-up - 1);
    d[p] = (b0 + b1 + round) >> -up;
    d[p4] = (b0 - b1 + round) >> -up;
  }
  const even = Math.imul(b2 + b3, C2);
  d[p2] = (even + Math.imul(b3, C3) + half) >> shift;
  d[p6] = (even - Math.imul(b2, C7) + half) >> shift;
  const z5 = Math.imul(a4 + a6 + a5 + a7, C5);
  const z1 = -Math.imul(a4 + a7, C4);
  const z2 = -Math.imul(a5 + a6, C10);
  const z3 = z5 - Math.imul(a4 + a6, C8);
  const z4 = z5 - Math.imul(a5 + a7, C1);
  d[p7] = (Math.imul(a4, C0) + z1 + z3 + half) >> shift;
  d[p5] = (Math.imul(a5, C9) + z2 + z4 + half) >> shift;
  d[p3] = (Math.imul(a6, C11) + z2 + z3 + half) >> shift;
  d[p1] = (Math.imul(a7, C6) + z1 + z4 + half) >> shift;
}

/**
 * In place: coefficients → samples minus 128, not yet limited to a byte.
 * @param {Int32Array} block 64 numbers, row by row
 */
export function inverse(block) {
  for (let at = 0; at < 8; at++) {
    if (
      !(block[at + 8] | block[at + 16] | block[at + 24] | block[at + 32] | block[at + 40] | block[at + 48] |
        block[at + 56])
    ) {
      const flat = block[at] << 2;
      for (let to = at; to < 64; to += 8) block[to] = flat;
    } else {
      inverseLine(block, at, 8, 11);
    }
  }
  for (let at = 0; at < 64; at += 8) inverseLine(block, at, 1, 18);
}

/**
 * @param {Int32Array} d
 * @param {number} p first place
 * @param {number} s step to the next
 * @param {number} shift of the results, to the right
 */
function inverseLine(d, p, s, shift) {
  const p1 = p + s;
  const p2 = p + 2 * s;
  const p3 = p + 3 * s;
  const p4 = p + 4 * s;
  const p5 = p + 5 * s;
  const p6 = p + 6 * s;
  const p7 = p + 7 * s;
  const half = 1 << (shift - 1);
  const even = Math.imul(d[p2] + d[p6], C2);
  const e2 = even - Math.imul(d[p6], C7);
  const e3 = even + Math.imul(d[p2], C3);
  const e0 = ((d[p] + d[p4]) << 13) + half;
  const e1 = ((d[p] - d[p4]) << 13) + half;
  const b0 = e0 + e3;
  const b3 = e0 - e3;
  const b1 = e1 + e2;
  const b2 = e1 - e2;
  const a0 = d[p7];
  const a1 = d[p5];
  const a2 = d[p3];
  const a3 = d[p1];
  const z5 = Math.imul(a0 + a2 + a1 + a3, C5);
  const z1 = -Math.imul(a0 + a3, C4);
  const z2 = -Math.imul(a1 + a2, C10);
  const z3 = z5 - Math.imul(a0 + a2, C8);
  const z4 = z5 - Math.imul(a1 + a3, C1);
  const o0 = Math.imul(a0, C0) + z1 + z3;
  const o1 = Math.imul(a1, C9) + z2 + z4;
  const o2 = Math.imul(a2, C11) + z2 + z3;
  const o3 = Math.imul(a3, C6) + z1 + z4;
  d[p] = (b0 + o3) >> shift;
  d[p7] = (b0 - o3) >> shift;
  d[p1] = (b1 + o2) >> shift;
  d[p6] = (b1 - o2) >> shift;
  d[p2] = (b2 + o1) >> shift;
  d[p5] = (b2 - o1) >> shift;
  d[p3] = (b3 + o0) >> shift;
  d[p4] = (b3 - o0) >> shift;
}

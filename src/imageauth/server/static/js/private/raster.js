// Decoded pictures as plain data, and the small operations on them that everything else here needs.

/**
 * A picture: 8-bit sRGB, three bytes a pixel, row by row.
 * @typedef {{data: Uint8Array, width: number, height: number}} Raster
 */

/**
 * An empty (black) picture.
 * @param {number} width pixels
 * @param {number} height pixels
 * @returns {Raster}
 */
export function blank(width, height) {
  return { data: new Uint8Array(width * height * 3), width, height };
}

/**
 * A rectangle of a picture, copied.
 * @param {Raster} picture
 * @param {number} left
 * @param {number} top
 * @param {number} width
 * @param {number} height
 * @returns {Raster}
 */
export function cropped(picture, left, top, width, height) {
  const result = blank(width, height);
  for (let row = 0; row < height; row++) {
    const from = ((top + row) * picture.width + left) * 3;
    result.data.set(picture.data.subarray(from, from + width * 3), row * width * 3);
  }
  return result;
}

/**
 * A picture turned as its EXIF orientation says (TIFF 6.0, tag 274), so that it stands upright.
 * @param {Raster} picture as stored
 * @param {number} orientation 1..8; anything else leaves it as it is
 * @returns {Raster}
 */
export function upright(picture, orientation) {
  if (!(orientation >= 2 && orientation <= 8)) return picture;
  const { data, width, height } = picture;
  const result = orientation >= 5 ? blank(height, width) : blank(width, height);
  const right = width - 1;
  const bottom = height - 1;
  for (let y = 0; y < result.height; y++) {
    for (let x = 0; x < result.width; x++) {
      let column = x;
      let row = y;
      if (orientation >= 5) [column, row] = [y, x];
      if (orientation === 2 || orientation === 3 || orientation === 7 || orientation === 8) column = right - column;
      if (orientation === 3 || orientation === 4 || orientation === 6 || orientation === 7) row = bottom - row;
      const from = (row * width + column) * 3;
      const to = (y * result.width + x) * 3;
      result.data[to] = data[from];
      result.data[to + 1] = data[from + 1];
      result.data[to + 2] = data[from + 2];
    }
  }
  return result;
}

/**
 * A picture's luma by ITU-R 601-2 as Pillow's `convert("L")` computes it, uint8 [H · W].
 * @param {Raster} picture
 * @returns {Uint8Array}
 */
export function grey({ data, width, height }) {
  const result = new Uint8Array(width * height);
  for (let at = 0, from = 0; at < result.length; at++, from += 3) {
    result[at] = (data[from] * 19595 + data[from + 1] * 38470 + data[from + 2] * 7471 + 0x8000) >> 16;
  }
  return result;
}

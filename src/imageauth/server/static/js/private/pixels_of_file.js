// Pixels of a small picture as its file has them, for what may hide in their lowest bits.

/**
 * Alpha comes out as it stands in the file, and colours where the picture is opaque; elsewhere a canvas rounds them.
 *
 * @param {Uint8Array} bytes the file, of a size that was bounded before
 * @param {string} format `png` or `webp`
 * @returns {Promise<{width: number, height: number, data: Uint8ClampedArray}>} RGBA
 */
export async function decodePixels(bytes, format) {
  const bitmap = await createImageBitmap(new Blob([bytes], { type: `image/${format}` }), {
    colorSpaceConversion: "none",
    imageOrientation: "none",
    premultiplyAlpha: "none",
  });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { width, height, data: context.getImageData(0, 0, width, height).data };
}

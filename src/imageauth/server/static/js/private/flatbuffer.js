// A model file whose batch is of any size, as one whose batch is of one: LiteRT.js compiles no other.
//
// In the schema of TensorFlow Lite a tensor's `shape_signature` holds −1 where a dimension is free; writing 1 over it
// changes nothing else. Offsets after the FlatBuffers format and schema.fbs: Model.subgraphs is field 2,
// SubGraph.tensors field 0, Tensor.shape_signature field 7.

/**
 * In place.
 * @param {ArrayBuffer} buffer a .tflite file
 * @throws {RangeError} it is no such file
 */
export function fixBatch(buffer) {
  const view = new DataView(buffer);
  const u32 = (/** @type {number} */ at) => view.getUint32(at, true);
  const follow = (/** @type {number} */ at) => at + u32(at);
  const field = (/** @type {number} */ table, /** @type {number} */ index) => {
    const offsets = table - view.getInt32(table, true);
    const at = 4 + 2 * index;
    const offset = at < view.getUint16(offsets, true) ? view.getUint16(offsets + at, true) : 0;
    return offset ? table + offset : null;
  };
  /** @param {number|null} at @returns {number[]} places of a vector's entries of four bytes */
  const entries = (at) => {
    if (at === null) return [];
    const start = follow(at);
    return Array.from({ length: Math.min(u32(start), 1e6) }, (_, k) => start + 4 + 4 * k);
  };
  for (const graph of entries(field(follow(0), 2))) {
    for (const tensor of entries(field(follow(graph), 0))) {
      for (const at of entries(field(follow(tensor), 7))) {
        if (view.getInt32(at, true) === -1) view.setInt32(at, 1, true);
      }
    }
  }
}

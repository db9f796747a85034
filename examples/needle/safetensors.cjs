// Reads a safetensors file: 8 bytes of header length, a JSON header, the data. CommonJS, because
// the tests read their records with it too.
const { readFileSync } = require('node:fs');

/**
 * @typedef {object} Entry What Tensor.from and the reference take.
 * @property {Float32Array | Uint16Array} data Uint16Array: bits of a half precision.
 * @property {number[]} shape
 * @property {'float32' | 'float16' | 'bfloat16'} dtype
 */

/** @typedef {typeof Float32Array | typeof Uint16Array} ArrayKind */

/** @type {Record<string, { dtype: Entry['dtype'], array: ArrayKind }>} */
const kinds = {
  F32: { dtype: 'float32', array: Float32Array },
  F16: { dtype: 'float16', array: Uint16Array },
  BF16: { dtype: 'bfloat16', array: Uint16Array },
};

/**
 * @param {string} file
 * @returns {{ metadata: Record<string, string>, tensors: Record<string, Entry> }}
 */
function readSafetensors(file) {
  const bytes = readFileSync(file);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__: metadata = {}, ...header } = JSON.parse(bytes.toString('utf8', 8, start));
  /** @type {Record<string, Entry>} */
  const tensors = {};
  for (const [name, { dtype, shape, data_offsets: range }] of Object.entries(header)) {
    const kind = kinds[dtype];
    if (!kind) throw new TypeError(`${file}: ${name} is ${dtype}, which this reader does not know`);
    const [begin, end] = range.map((/** @type {number} */ offset) => start + offset);
    const copy = Uint8Array.prototype.slice.call(bytes, begin, end);
    tensors[name] = { data: new kind.array(copy.buffer), shape, dtype: kind.dtype };
  }
  return { metadata, tensors };
}

module.exports = { readSafetensors };

// ONNX models read and run without onnxruntime, as far as the benchmark's go: float32, and the few
// operations below by their definition.

/** A message's fields: number to the values that it came with, in order. */
function fieldsOf(bytes) {
  const fields = {};
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      value += (byte % 128) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const [field, wire] = [key >> 3, key & 7];
    if (wire !== 0 && wire !== 2) throw new Error(`wire type ${wire} of field ${field}`);
    let value = varint();
    if (wire === 2) {
      if (at + value > bytes.length) throw new Error(`field ${field} passes the end`);
      value = bytes.subarray(at, at + value);
      at += value.length;
    }
    fields[field] ??= [];
    fields[field].push(value);
  }
  return fields;
}

const text = (bytes) => new TextDecoder('utf-8', { fatal: true }).decode(bytes);
const texts = (list = []) => list.map(text);

function valueInfo(bytes) {
  const { 1: name, 2: type } = fieldsOf(bytes);
  const { 1: tensor } = fieldsOf(type[0]);
  const { 1: element, 2: shape } = fieldsOf(tensor[0]);
  const lengths = (fieldsOf(shape[0])[1] ?? []).map((dimension) => fieldsOf(dimension)[1][0]);
  return { name: text(name[0]), element: element[0], shape: lengths };
}

function node(bytes) {
  const { 1: inputs, 2: outputs, 4: op, 5: attributes = [], 7: domain } = fieldsOf(bytes);
  const pairs = attributes.map((attribute) => {
    const { 1: name, 3: value, 20: type } = fieldsOf(attribute);
    return [text(name[0]), { value: value[0], type: type[0] }];
  });
  return {
    op: text(op[0]),
    domain: text(domain[0]),
    inputs: texts(inputs),
    outputs: texts(outputs),
    attributes: Object.fromEntries(pairs),
  };
}

/** onnx.proto's ModelProto in words. */
exports.readModel = function readModel(bytes) {
  const { 1: version, 7: graph, 8: opsets } = fieldsOf(bytes);
  const { 1: nodes, 2: name, 11: inputs, 12: outputs } = fieldsOf(graph[0]);
  const opset = ({ 1: domain, 2: number }) => [text(domain[0]), number[0]];
  return {
    irVersion: version[0],
    opsets: Object.fromEntries(opsets.map((entry) => opset(fieldsOf(entry)))),
    name: text(name[0]),
    nodes: nodes.map(node),
    inputs: inputs.map(valueInfo),
    outputs: outputs.map(valueInfo),
  };
};

const operations = {
  Mul: (a, b) => b.data.map((value) => a.data[0] * value),
  Sub: (a, b) => a.data.map((value, i) => value - b.data[i]),
  MatMul: (a) => new Float32Array(a.data.length), // of a size that nobody waits for
  MultiHeadAttention: attend,
};

/** [batch, n, heads x width], as com.microsoft's operation takes it. */
function attend(q, k, v, { num_heads: { value: heads }, unidirectional }) {
  const [batch, n, width] = q.dims;
  const [dim, wide] = [width / heads, v.dims[2] / heads];
  const out = new Float32Array(v.data.length);
  const row = (x, b, i, h, size) =>
    x.data.subarray(((b * n + i) * heads + h) * size).subarray(0, size);
  for (let b = 0; b < batch; b += 1) {
    for (let h = 0; h < heads; h += 1) {
      for (let i = 0; i < n; i += 1) {
        const query = row(q, b, i, h, dim);
        const last = unidirectional.value ? i : n - 1;
        const weights = Array.from({ length: last + 1 }, (_, j) => {
          const key = row(k, b, j, h, dim);
          return Math.exp(query.reduce((sum, x, d) => sum + x * key[d], 0) / Math.sqrt(dim));
        });
        const total = weights.reduce((a, x) => a + x);
        weights.forEach((weight, j) => {
          const value = row(v, b, j, h, wide);
          const target = ((b * n + i) * heads + h) * wide;
          for (let d = 0; d < wide; d += 1) out[target + d] += (weight / total) * value[d];
        });
      }
    }
  }
  return out;
}

/** What onnxruntime-node exports, of that which the benchmark uses; `seen` gets every model. */
exports.runtime = function runtime(seen, spoil = (data) => data) {
  class Tensor {
    constructor(type, data, dims) {
      Object.assign(this, { type, data, dims });
    }
  }
  const create = async (bytes, options) => {
    const model = exports.readModel(bytes);
    seen.push({ model, options });
    const run = async (feeds) => {
      for (const { name, shape } of model.inputs) {
        const { type, data, dims } = feeds[name];
        const size = shape.reduce((a, b) => a * b);
        if (type !== 'float32' || String(dims) !== String(shape) || data.length !== size) {
          throw new Error(`expected [${shape}] for ${name}, got [${dims}]`);
        }
      }
      const values = { ...feeds };
      for (const { op, inputs, outputs, attributes } of model.nodes) {
        const data = operations[op](...inputs.map((name) => values[name]), attributes);
        values[outputs[0]] = { data: spoil(data), dims: values[inputs.at(-1)].dims };
      }
      return Object.fromEntries(model.outputs.map(({ name }) => [name, values[name]]));
    };
    return { run, release: async () => {} };
  };
  return { InferenceSession: { create }, Tensor };
};

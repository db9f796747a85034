/** onnxruntime-node's side of a benchmark, with a package that plays it. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { normalTable } from '../dist/bench/data.js';
import { onnxModel } from '../dist/bench/onnx_model.js';
import { measureOnnxruntime } from '../dist/bench/onnxruntime.js';
import { flopsOf, kMasks, parseShape, type Shape } from '../dist/bench/shape.js';
import { readModel } from './support/onnx.cjs';

const kFloat = 1; // of TensorProto.DataType
const kInt = 2; // of AttributeProto.AttributeType

describe('a model', () => {
  test('says in protocol buffers what it is made of', () => {
    const node = {
      op: 'Some',
      domain: 'com.microsoft',
      inputs: ['a', 'b'],
      outputs: ['c'],
      attributes: { num_heads: 300, unidirectional: 0 },
    };
    const inputs = { a: [1, 128, 70_000], b: [2 ** 31] };
    const model = readModel(onnxModel([node, { ...node, op: 'Other' }], inputs, { c: [] }));
    expect(model).toMatchObject({
      irVersion: 8,
      opsets: { '': 17, 'com.microsoft': 1 },
      inputs: [
        { name: 'a', element: kFloat, shape: [1, 128, 70_000] },
        { name: 'b', element: kFloat, shape: [2 ** 31] },
      ],
      outputs: [{ name: 'c', element: kFloat, shape: [] }],
    });
    const attributes = {
      num_heads: { value: 300, type: kInt },
      unidirectional: { value: 0, type: kInt },
    };
    expect(model.nodes).toEqual([
      { ...node, attributes },
      { ...node, op: 'Other', attributes },
    ]);
  });

  test('without a domain and attributes is of ONNX itself', () => {
    const node = { op: 'MatMul', inputs: ['a', 'b'], outputs: ['c'] };
    const { nodes } = readModel(onnxModel([node], { a: [2, 2], b: [2, 2] }, { c: [2, 2] }));
    expect(nodes).toEqual([{ ...node, domain: '', attributes: {} }]);
  });
});

describe('the runner', () => {
  const { cwd } = process;
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'flashdiff-onnx-'));
    process.cwd = () => folder;
  });
  afterAll(() => {
    process.cwd = cwd;
    rmSync(folder, { recursive: true });
  });

  const support = JSON.stringify(join(__dirname, 'support/onnx.cjs'));
  /** `spoil` is the source of a function that changes what an operation gives. */
  function play(version: string, spoil = '(data) => data') {
    const name = join(folder, 'node_modules/onnxruntime-node');
    mkdirSync(name, { recursive: true });
    writeFileSync(join(name, 'package.json'), JSON.stringify({ version, main: 'index.cjs' }));
    const source = `exports.seen = [];
Object.assign(exports, require(${support}).runtime(exports.seen, ${spoil}));`;
    writeFileSync(join(name, 'index.cjs'), source);
    jest.resetModules();
    return require(join(name, 'index.cjs')).seen;
  }

  const shape = (text: string) => parseShape(text) as Shape;
  const windowed = { causal: true, left: 8 };
  const setting = { runs: 3, table: normalTable(), threads: 2 };

  test('computes differential attention in one graph, right before it is timed', async () => {
    const seen = play('1.2.3');
    const [plain, grouped] = [shape('2x3x40x8'), shape('1x4/2x40x8')];
    const masks = [kMasks.full, kMasks.causal, windowed];
    const peers = await measureOnnxruntime([plain, grouped], masks, setting);
    expect(peers.versions).toEqual({ 'onnxruntime-node': '1.2.3' });
    expect(peers.ceilings.flops).toMatchObject({ of: 'onnxruntime matmul 2048³' });
    for (const mask of [kMasks.full, kMasks.causal]) {
      const [peer, ...others] = peers.contenders(plain, mask);
      expect(others).toEqual([]);
      expect(peer).toMatchObject({
        name: 'onnxruntime x2',
        role: 'peer',
        flops: flopsOf(plain, mask),
        warm: { runs: 3 },
      });
      expect(peer?.error).toBeLessThan(1e-5);
      expect(peer).not.toHaveProperty('failed');
      expect(peers.contenders(grouped, mask)).toEqual([]);
    }
    expect(peers.contenders(plain, windowed)).toEqual([]);

    const [matmul, full, causal] = seen;
    expect(seen).toHaveLength(3);
    expect(matmul.model.nodes).toMatchObject([{ op: 'MatMul', domain: '' }]);
    for (const { options } of seen) expect(options).toEqual({ intraOpNumThreads: 2 });
    for (const { model, unidirectional } of [
      { ...full, unidirectional: 0 },
      { ...causal, unidirectional: 1 },
    ]) {
      const attributes = { num_heads: { value: 3 }, unidirectional: { value: unidirectional } };
      const attention = { op: 'MultiHeadAttention', domain: 'com.microsoft', attributes };
      const own = [
        { op: 'Mul', domain: '' },
        { op: 'Sub', domain: '' },
      ];
      expect(model.nodes).toMatchObject([attention, attention, ...own]);
      expect(model.outputs).toMatchObject([{ name: 'out', shape: [2, 40, 3 * 16] }]);
    }
  });

  test('what it computes wrong is not timed', async () => {
    play('1.2.4', '(data) => data.map((value, i) => (i === 5 ? value + 0.01 : value))');
    const small = shape('1x1x20x8');
    const peers = await measureOnnxruntime([small], [kMasks.full], setting);
    const [peer] = peers.contenders(small, kMasks.full);
    expect(peer?.failed).toMatch(/^error 0\.0\d+ against the reference$/);
    expect(peer).not.toHaveProperty('warm');
  });
});

/**
 * Bad calls of the public interface: which class, code and words they get. None reaches the addon.
 */

import {
  type DiffAttentionOptions,
  diffAttention,
  elapsed,
  FlashDiffError,
  inspect,
  lambdaFull,
  lambdaInit,
  Tensor,
} from 'flashdiff';
import { devices } from './support/devices.js';

/** The rows hand over what types forbid. */
// biome-ignore lint/suspicious/noExplicitAny: bad values are the point
type Anything = any;

type Kind = new (...args: Anything[]) => Error;
type Row = [name: string, call: () => unknown, kind: Kind, message: RegExp];

const zeros = (...shape: number[]) => Tensor.empty(shape);
const half = (...shape: number[]) => Tensor.empty(shape, { dtype: 'float16' });
const data = new Float32Array(6);
const tensor = zeros(2, 3);

/** A legal call in layout v1, with H = 4, Hkv = 2, D = 8, and one thing changed. */
const legal = {
  q: zeros(2, 5, 8, 8),
  k: zeros(2, 7, 4, 8),
  v: zeros(2, 7, 2, 16),
};
const call = (changes: Anything, options: Anything = {}) => {
  const { q, k, v } = { ...legal, ...changes };
  return () => diffAttention(q, k, v, { lambda: 0.5, ...options });
};
const option = (options: Anything) => call({}, options);
const from = (source: Anything, options?: Anything) => () => Tensor.from(source, options);
const empty = (shape: Anything, options?: Anything) => () => Tensor.empty(shape, options);

const detached = () => {
  const array = new Float32Array(4);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
};

/** A view that reached the end of its buffer before that shrank. */
const shrunk = (Kind: Anything = Float32Array, length = 4) => {
  const buffer = new (ArrayBuffer as Anything)(16, { maxByteLength: 16 });
  const array = new Kind(buffer, 0, length);
  buffer.resize(8);
  return array;
};

const tensors: Row[] = [
  ['no data', from(undefined), TypeError, /expected a Float32Array.* for `data`, got undefined/],
  ['a number as data', from(7), TypeError, /`data`, got 7/],
  ['a string as data', from('abc'), TypeError, /`data`, got 'abc'/],
  ['Int32Array', from(new Int32Array(2)), TypeError, /`data`, got a value of type Int32Array/],
  ['BigInt64Array', from(new BigInt64Array(2)), TypeError, /type BigInt64Array/],
  ['DataView', from(new DataView(new ArrayBuffer(8))), TypeError, /`data`/],
  ['ArrayBuffer', from(new ArrayBuffer(8)), TypeError, /`data\.data`, got undefined/],
  ['Buffer', from(Buffer.alloc(8)), TypeError, /type Uint8Array/],
  ['nested arrays', from([[1, 2]]), TypeError, /a number for `data\[0\]`, got \[1, 2\]/],
  ['strings in an array', from([1, '2']), TypeError, /`data\[1\]`, got '2'/],
  ['holes in an array', from(new Array(3)), TypeError, /`data\[0\]`, got undefined/],
  ['a tensor as data', from(tensor), TypeError, /use \.to\(\)/],
  ['bare half bits', from(new Uint16Array(2)), TypeError, /ambiguous, got undefined/],
  ['float32 bits', from(new Uint16Array(2), { dtype: 'float32' }), TypeError, /got 'float32'/],
  ['bits in an object', from({ data: new Uint16Array(2), dims: [2] }), TypeError, /ambiguous/],
  ['float64 to half', from(new Float64Array(2), { dtype: 'float16' }), TypeError, /twice/],
  ['numbers to half', from([1, 2], { dtype: 'bfloat16' }), TypeError, /Float32Array/],
  ['detached data', from(detached(), { shape: [4] }), TypeError, /detached/],
  ['detached, no shape', from(detached()), TypeError, /detached/],
  ['shrunk data', from(shrunk(), { shape: [4] }), TypeError, /`data`, got .* shrunk/],
  ['shrunk, no shape', from(shrunk()), TypeError, /`data`, got .* shrunk/],
  ['shrunk float64', from({ data: shrunk(Float64Array, 2) }), TypeError, /`data.data`, got .* shr/],
  ['unknown dtype', from(data, { dtype: 'float64' }), RangeError, /`dtype`, got 'float64'/],
  ['foreign type', from({ data, type: 'int64' }), RangeError, /`data.type`, got 'int64'/],
  ['foreign dtype', from({ data, dtype: 'int64' }), RangeError, /`data.dtype`, got 'int64'/],
  ['foreign dims', from({ data, dims: [2, 1.5] }), RangeError, /`data.dims\[1\]`, got 1.5/],
  ['foreign shape', from({ data, shape: '6' }), TypeError, /`data.shape`, got '6'/],
  ['dtype of no kind', from(data, { dtype: 16 }), TypeError, /`dtype`, got 16/],
  ['too many elements', from(data, { shape: [5] }), RangeError, /5 elements.* got 6/],
  ['too few elements', from(data, { shape: [7] }), RangeError, /7 elements.* got 6/],
  ['shape of no kind', from(data, { shape: 6 }), TypeError, /`shape`, got 6/],
  ['misspelt option', from(data, { shpae: [6] }), TypeError, /shape, dtype, device.*'shpae'/],
  ['options of no kind', from(data, [6]), TypeError, /`options`, got \[6\]/],
  ['null options', from(data, null), TypeError, /`options`, got null/],
  ['device of no kind', from(data, { device: 0 }), TypeError, /`device`, got 0/],
  ['unknown device', from(data, { device: 'gpu' }), RangeError, /'cuda:N' for `device`, got 'gpu'/],
  ['malformed device', from(data, { device: 'cuda:' }), RangeError, /got 'cuda:'/],
  ['signed device', from(data, { device: 'cuda:-1' }), RangeError, /got 'cuda:-1'/],
  ['padded device', from(data, { device: 'cuda:01' }), RangeError, /got 'cuda:01'/],
  ['no such device', from(data, { device: 'cuda:99' }), FlashDiffError, /'cuda:99': \S/],

  ['no shape', empty(undefined), TypeError, /an array of lengths for `shape`, got undefined/],
  ['holes in a shape', empty(new Array(2)), TypeError, /`shape\[0\]`, got undefined/],
  ['string length', empty(['2']), TypeError, /a number for `shape\[0\]`, got '2'/],
  ['BigInt length', empty([2n]), TypeError, /`shape\[0\]`, got 2n/],
  ['negative length', empty([2, -1]), RangeError, /`shape\[1\]`, got -1/],
  ['fractional length', empty([1.5]), RangeError, /`shape\[0\]`, got 1.5/],
  ['NaN length', empty([NaN]), RangeError, /`shape\[0\]`, got NaN/],
  ['infinite length', empty([Infinity]), RangeError, /`shape\[0\]`, got Infinity/],
  ['length 2^31', empty([2 ** 31]), RangeError, /to 2147483647 .*got 2147483648/],
  ['2^51 elements', empty([2 ** 26, 2 ** 25]), RangeError, /fewer than 2\^51 elements/],
  ['2^53 elements', empty([2 ** 27, 2 ** 26]), RangeError, /fewer than 2\^51 elements/],
  ['2^93 beside zero', empty([0, 2 ** 30, 2 ** 31 - 1, 2 ** 31 - 1]), RangeError, /2\^51/],
  ['9 dimensions', empty([1, 1, 1, 1, 1, 1, 1, 1, 1]), RangeError, /at most 8 dimensions/],
  ['constructing one', () => new (Tensor as Anything)(), TypeError, /Tensor\.from/],

  ['reshape to other size', () => tensor.reshape([7]), RangeError, /6 elements for `shape`/],
  ['two open lengths', () => tensor.reshape([-1, -1]), RangeError, /`shape\[1\]`, got -1/],
  ['open length that fits not', () => tensor.reshape([4, -1]), RangeError, /6 elements/],
  ['open length beside zero', () => zeros(0, 2).reshape([0, -1]), RangeError, /0 elements/],
  ['reshape to holes', () => tensor.reshape(new Array(2)), TypeError, /`shape\[0\]`, got undef/],
  ['reshape with numbers', () => tensor.reshape(6 as Anything), TypeError, /`shape`, got 6/],
  ['a view that is none', () => tensor.transpose(0, 1).reshape([6]), RangeError, /contiguous/],
  ['transpose out of bounds', () => tensor.transpose(0, 2), RangeError, /from -2 to 1 for `b`/],
  ['transpose of no kind', () => tensor.transpose('0' as Anything, 1), TypeError, /`a`, got '0'/],
  ['transpose half', () => (tensor as Anything).transpose(0), TypeError, /`b`, got undefined/],
  [
    'transpose as a permutation',
    () => (zeros(1, 2, 3, 4) as Anything).transpose(0, 2, 1, 3),
    RangeError,
    /two dimensions, one swap a call, for `dimensions`, got \[0, 2, 1, 3\]/,
  ],
  ['transpose a scalar', () => zeros().transpose(0, 0), RangeError, /dimensions/],
  ['too many ranges', () => tensor.slice(null, null, null), RangeError, /at most 2 ranges/],
  ['range of no kind', () => tensor.slice(1 as Anything), TypeError, /`ranges\[0\]`, got 1/],
  ['empty range', () => tensor.slice([] as Anything), RangeError, /\[start, end\]/],
  ['long range', () => tensor.slice([0, 1, 2] as Anything), RangeError, /got \[0, 1, 2\]/],
  ['fractional range', () => tensor.slice([0.5]), RangeError, /integers for `ranges\[0\]`/],
  ['strings in a range', () => tensor.slice(null, ['0'] as Anything), TypeError, /`ranges\[1\]`/],
  ['to nothing', () => (tensor as Anything).to(), TypeError, /`options`, got undefined/],
  ['to a bare device', () => tensor.to('cpu' as Anything), TypeError, /`options`, got 'cpu'/],
  ['to unknown dtype', () => tensor.to({ dtype: 'fp16' as Anything }), RangeError, /got 'fp16'/],
];

const operands: Row[] = [
  [
    'no options',
    () => (diffAttention as Anything)(...Object.values(legal)),
    TypeError,
    /`options`/,
  ],
  ['no operands', () => (diffAttention as Anything)(), TypeError, /a Tensor.* for `q`, got undefi/],
  ['typed array as q', call({ q: data }), TypeError, /`q`, got a value of type Float32Array/],
  ['array as k', call({ k: [1] }), TypeError, /`k`, got \[1\]/],
  ['null as v', call({ v: null }), TypeError, /`v`, got null/],
  ['an imitation', call({ q: Object.create(Tensor.prototype) }), TypeError, /for `q`, got a value/],
  [
    'a tensor of another library',
    call({ q: new (class Foreign {})() }),
    TypeError,
    /a Tensor of this package \(Tensor\.from makes one\) for `q`, got a value of type Foreign/,
  ],
  ['q of rank 3', call({ q: zeros(2, 5, 64) }), RangeError, /4 dimensions for `q`/],
  ['k of rank 5', call({ k: zeros(1, 2, 7, 4, 8) }), RangeError, /4 dimensions for `k`/],
  ['odd query heads', call({ q: zeros(2, 5, 7, 8) }), RangeError, /even number.* `q`, got 7/],
  ['no query heads', call({ q: zeros(2, 5, 0, 8) }), RangeError, /at least 2, for `q`, got 0/],
  ['no key heads', call({ k: zeros(2, 7, 0, 8) }), RangeError, /`k`, got 0/],
  ['odd key heads', call({ k: zeros(2, 7, 3, 8) }), RangeError, /twice a divisor.*`k`, got 3/],
  [
    'odd key heads whose half divides',
    call({ q: zeros(2, 5, 6, 8), k: zeros(2, 7, 3, 8) }),
    RangeError,
    /twice a divisor of the 3/,
  ],
  ['kv heads that divide not', call({ k: zeros(2, 7, 6, 8) }), RangeError, /divisor of the 4/],
  ['more kv heads', call({ k: zeros(2, 7, 16, 8) }), RangeError, /`k`, got 16/],
  ['no head dim', call({ q: zeros(2, 5, 8, 0) }), RangeError, /head dim of at least 1/],
  ['k of other head dim', call({ k: zeros(2, 7, 4, 16) }), RangeError, /head dim 8.*`k`, got 16/],
  ['k of other batch', call({ k: zeros(1, 7, 4, 8) }), RangeError, /batch size 2.*`k`, got 1/],
  ['v of other length', call({ v: zeros(2, 6, 2, 16) }), RangeError, /\[2, 7, 2, 16\].*`v`/],
  ['v of other batch', call({ v: zeros(1, 7, 2, 16) }), RangeError, /for `v`, got \[1, 7, 2, 16\]/],
  ['v of other heads', call({ v: zeros(2, 7, 4, 16) }), RangeError, /`v`, got \[2, 7, 4, 16\]/],
  ['v as narrow as k', call({ v: zeros(2, 7, 2, 8) }), RangeError, /layout 'v1'/],
  ['v1 operands in v2', call({}, { layout: 'v2' }), RangeError, /layout 'v2'/],
  ['v1 v in diffllama', call({}, { layout: 'diffllama' }), RangeError, /\[2, 7, 4, 8\]/],
  ['mixed dtypes', call({ k: half(2, 7, 4, 8) }), RangeError, /'float32'.*`k`, got 'float16'/],
  ['mixed dtype of v', call({ v: half(2, 7, 2, 16) }), RangeError, /`v`, got 'float16'/],
  [
    'a strided last dimension',
    call({ q: zeros(2, 5, 8, 8).transpose(2, 3) }),
    RangeError,
    /stride 1.*contiguous.*`q`/,
  ],
];

const lambda = (...shape: number[]) => option({ lambda: zeros(...shape) });
const weight = (value: Anything) => option({ subln: { weight: value } });

const options: Row[] = [
  ['no lambda', option({ lambda: undefined }), TypeError, /`lambda`, got undefined/],
  ['null lambda', option({ lambda: null }), TypeError, /`lambda`, got null/],
  ['string lambda', option({ lambda: '0.8' }), TypeError, /`lambda`, got '0.8'/],
  ['array lambda', option({ lambda: [0.8] }), TypeError, /a Tensor.* for `lambda`, got \[0.8\]/],
  ['NaN lambda', option({ lambda: NaN }), RangeError, /finite.* `lambda`, got NaN/],
  ['infinite lambda', option({ lambda: -Infinity }), RangeError, /`lambda`, got -Infinity/],
  ['lambda beyond float32', option({ lambda: 1e39 }), RangeError, /`lambda`, got 1e\+39/],
  ['half lambda', option({ lambda: half(4) }), RangeError, /'float32' for `lambda`, got 'float16'/],
  ['lambda of query heads', lambda(8), RangeError, /\[4\] or \[2, 5, 4\] for `lambda`, got \[8\]/],
  ['lambda of keys', lambda(2, 7, 4), RangeError, /`lambda`, got \[2, 7, 4\]/],
  ['lambda without batch', lambda(5, 4), RangeError, /`lambda`, got \[5, 4\]/],
  ['lambda with a dim', lambda(2, 5, 4, 1), RangeError, /`lambda`, got \[2, 5, 4, 1\]/],
  ['misspelt option', option({ lamda: 1 }), TypeError, /lambda, layout.*got 'lamda'/],
  ['scale of other APIs', option({ scale: 1 }), TypeError, /softmaxScale.*got 'scale'/],
  ['unknown layout', option({ layout: 'v3' }), RangeError, /'v1', 'diffllama', 'v2'.*got 'v3'/],
  ['inherited layout', option({ layout: 'toString' }), RangeError, /`layout`, got 'toString'/],
  ['layout of no kind', option({ layout: 2 }), TypeError, /`layout`, got 2/],
  ['causal of no kind', option({ causal: 1 }), TypeError, /true or false for `causal`, got 1/],
  ['null causal', option({ causal: null }), TypeError, /`causal`, got null/],
  ['returnLse of no kind', option({ returnLse: 'yes' }), TypeError, /`returnLse`, got 'yes'/],
  ['one-sided window', option({ window: 5 }), TypeError, /two bounds for `window`, got 5/],
  ['window of one', option({ window: [5] }), RangeError, /`window`, got \[5\]/],
  ['window of three', option({ window: [1, 2, 3] }), RangeError, /`window`/],
  ['null in a window', option({ window: [null, 0] }), TypeError, /`window\[0\]`, got null/],
  ['negative window', option({ window: [-2, 0] }), RangeError, /`window\[0\]`, got -2/],
  ['fractional window', option({ window: [0, 1.5] }), RangeError, /`window\[1\]`, got 1.5/],
  ['NaN window', option({ window: [NaN, 0] }), RangeError, /`window\[0\]`, got NaN/],
  ['−Infinity window', option({ window: [0, -Infinity] }), RangeError, /got -Infinity/],
  ['window of 2^31', option({ window: [2 ** 31, 0] }), RangeError, /got 2147483648/],
  ['negative sinks', option({ sinks: -1 }), RangeError, /`sinks`, got -1/],
  ['fractional sinks', option({ sinks: 0.5 }), RangeError, /`sinks`, got 0.5/],
  ['infinite sinks', option({ sinks: Infinity }), RangeError, /`sinks`, got Infinity/],
  ['BigInt sinks', option({ sinks: 4n }), TypeError, /`sinks`, got 4n/],
  ['huge scale', option({ softmaxScale: -2e38 }), RangeError, /`softmaxScale`, got -2e\+38/],
  ['NaN scale', option({ softmaxScale: NaN }), RangeError, /`softmaxScale`, got NaN/],
  ['scale of no kind', option({ softmaxScale: null }), TypeError, /`softmaxScale`, got null/],
  ['infinite outputScale', option({ outputScale: Infinity }), RangeError, /`outputScale`/],
  [
    'subln of no kind',
    option({ subln: true }),
    TypeError,
    /\{ eps, weight \} for `subln`, got true/,
  ],
  ['misspelt in subln', option({ subln: { epsilon: 1 } }), TypeError, /eps, weight.*'epsilon'/],
  ['negative eps', option({ subln: { eps: -1e-5 } }), RangeError, /`subln.eps`, got -0.00001/],
  ['NaN eps', option({ subln: { eps: NaN } }), RangeError, /`subln.eps`, got NaN/],
  ['eps of no kind', option({ subln: { eps: '1e-5' } }), TypeError, /`subln.eps`, got '1e-5'/],
  ['array as weight', weight(new Float32Array(16)), TypeError, /a Tensor.* for `subln.weight`/],
  ['half weight', weight(half(16)), RangeError, /'float32' for `subln.weight`/],
  ['weight of head dim', weight(zeros(8)), RangeError, /\[16\] for `subln.weight`, got \[8\]/],
  ['weight of rank 2', weight(zeros(1, 16)), RangeError, /`subln.weight`, got \[1, 16\]/],
  [
    'strided weight',
    weight(zeros(16, 2).slice(null, [0, 1]).reshape([16])),
    RangeError,
    /contiguous.*`subln.weight`/,
  ],
];

const vectors = { q1: [1, 2], k1: [1, 2], q2: [1, 2], k2: [1, 2] };
const full = (changes: Anything, init: Anything = 0.8) => {
  return () => lambdaFull({ ...vectors, ...changes }, init);
};

const helpers: Row[] = [
  ['depth of no kind', () => lambdaInit('1' as Anything), TypeError, /`depth`, got '1'/],
  ['negative depth', () => lambdaInit(-1), RangeError, /`depth`, got -1/],
  ['fractional depth', () => lambdaInit(1.5), RangeError, /`depth`, got 1.5/],
  ['no vectors', () => (lambdaFull as Anything)(), TypeError, /q1, k1, q2, k2/],
  ['missing vector', full({ k2: undefined }), TypeError, /`k2`, got undefined/],
  ['string vector', full({ q1: 'ab' }), TypeError, /`q1`, got 'ab'/],
  ['strings in a vector', full({ k1: [1, 'b'] }), TypeError, /`k1\[1\]`, got 'b'/],
  ['bits as a vector', full({ q1: new Uint16Array(2) }), TypeError, /type Uint16Array/],
  ['unequal vectors', full({ k1: [1] }), RangeError, /2 numbers.*`k1`, got 1/],
  ['no lambdaInit', full({}, null), TypeError, /`lambdaInit`, got null/],
  ['NaN lambdaInit', full({}, NaN), RangeError, /`lambdaInit`, got NaN/],
];

describe.each([
  ['Tensor', tensors],
  ['operands', operands],
  ['options', options],
  ['helpers', helpers],
])('%s', (_group, rows) => {
  test.each(rows)('%s', (_name, bad, kind, message) => {
    expect(bad).toThrow(kind);
    expect(bad).toThrow(message);
    expect(bad).toThrow(/^expected /);
  });
});

test('what a tensor says of itself cannot be changed', () => {
  for (const field of ['shape', 'strides', 'dtype', 'device']) {
    expect(() => {
      (tensor as Anything)[field] = 'bfloat16';
    }).toThrow(TypeError);
  }
});

test('methods and the class itself know their receiver', () => {
  expect(() => tensor.slice.call({} as Anything)).toThrow(TypeError);
  expect(() => tensor.dispose.call(Object.create(Tensor.prototype))).toThrow(TypeError);
  expect(() => (Tensor as Anything)()).toThrow(TypeError);
});

test('the call that the rows change is legal', () => {
  expect(call({})().shape).toEqual([2, 5, 4, 16]);
});

test('every option has a row', () => {
  const names: (keyof DiffAttentionOptions)[] = [
    'lambda',
    'layout',
    'causal',
    'window',
    'sinks',
    'softmaxScale',
    'subln',
    'outputScale',
    'returnLse',
  ];
  const expected = new RegExp(`expected ${names.join(', ')} as the names`);
  expect(option({ nonsense: 1 })).toThrow(expected);
});

test('a disposed tensor says so before anything else', () => {
  const gone = zeros(2, 3);
  gone.dispose();
  const uses: (() => unknown)[] = [
    () => gone.reshape([7]),
    () => gone.transpose(0, 9),
    () => gone.slice([0.5]),
    () => gone.to(undefined as Anything),
  ];
  for (const use of uses) {
    expect(use).toThrow(expect.objectContaining({ code: 'ERR_DISPOSED' }));
  }
});

describe('disposed operands', () => {
  const gone = (...shape: number[]) => {
    const disposed = zeros(...shape);
    disposed.dispose();
    return disposed;
  };
  test.each([
    ['q', call({ q: gone(2, 5, 8, 8) })],
    ['k', call({ k: gone(2, 7, 4, 8) })],
    ['v', call({ v: gone(2, 7, 2, 16) })],
    ['lambda', option({ lambda: gone(4) })],
    ['subln.weight', weight(gone(16))],
  ])('%s', (name, bad) => {
    expect(bad).toThrow(FlashDiffError);
    expect(bad).toThrow(
      expect.objectContaining({
        code: 'ERR_DISPOSED',
        message: `expected a live tensor for \`${name}\`, got one that was disposed`,
      }),
    );
  });
});

describe('devices', () => {
  const { cuda } = inspect();

  test('one that is not there says why', () => {
    const missing = `cuda:${cuda.devices.length}` as const;
    const bad = () => Tensor.empty([1], { device: missing });
    expect(bad).toThrow(expect.objectContaining({ code: 'ERR_CUDA_UNAVAILABLE' }));
    expect(bad).toThrow(cuda.available ? /this machine has/ : cuda.reason);
  });

  const withCuda = devices().includes('cuda') ? test : test.skip;
  withCuda('mixed ones say which tensor is where', () => {
    const k = legal.k.to({ device: 'cuda' });
    expect(call({ k })).toThrow(RangeError);
    expect(call({ k })).toThrow(/on 'cpu', where `q` is, for `k`, got 'cuda'/);
    const far = Tensor.empty([4], { device: 'cuda' });
    expect(option({ lambda: far })).toThrow(/for `lambda`, got 'cuda'/);
  });

  withCuda('float32 on CUDA names what to do', () => {
    const [q, k, v] = Object.values(legal).map((t) => t.to({ device: 'cuda' })) as Anything;
    const bad = call({ q, k, v });
    expect(bad).toThrow(expect.objectContaining({ code: 'ERR_UNSUPPORTED' }));
    expect(bad).toThrow(".to({ dtype: 'bfloat16' })");
  });

  withCuda('views on CUDA that are not aligned name what to do', async () => {
    const place = { dtype: 'bfloat16', device: 'cuda' } as const;
    const wide = Tensor.empty([1, 5, 2, 72], place);
    const [q, k] = [wide.slice(null, null, null, [0, 64]), wide.slice(null, null, null, [1, 65])];
    const v = Tensor.empty([1, 5, 1, 128], place);
    const bad = () => diffAttention(q, k, v, { lambda: 0.5 });
    expect(bad).toThrow(expect.objectContaining({ code: 'ERR_UNSUPPORTED' }));
    expect(bad).toThrow(/start and the strides of `k`.*16 bytes.*\.contiguous\(\)/);
    const out = diffAttention(q, k.contiguous(), v, { lambda: 0.5 });
    expect(await out.data()).toEqual(new Uint16Array(640));
  });
});

describe('elapsed', () => {
  test.each([
    ['unknown device', 'gpu', () => {}, RangeError],
    ['no function', 'cpu', undefined, TypeError],
  ])('%s', async (_name, device, fn, kind) => {
    await expect(elapsed(device as Anything, fn as Anything)).rejects.toThrow(kind);
  });

  test('passes on what the function throws', async () => {
    const failing = () => Promise.reject(new Error('mine'));
    await expect(elapsed('cpu', failing)).rejects.toThrow('mine');
    await expect(
      elapsed('cpu', () => {
        throw new Error('mine too');
      }),
    ).rejects.toThrow('mine too');
  });
});

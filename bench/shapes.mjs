// The shapes that the forward benchmarks run, [batch, differential heads, sequence, head dim].
export const shapes = [
  { batch: 1, heads: 8, sequence: 16384, headDim: 128 },
  { batch: 4, heads: 12, sequence: 4096, headDim: 128 },
  { batch: 8, heads: 8, sequence: 2048, headDim: 128 },
  { batch: 2, heads: 11, sequence: 8192, headDim: 96 },
  { batch: 1, heads: 16, sequence: 16384, headDim: 64 },
  { batch: 8, heads: 16, sequence: 2048, headDim: 64 },
];

/** Phi-4-mini-flash's layer: grouped heads, causal, with and without its window. */
export const windowed = {
  batch: 2,
  heads: 20,
  kvHeads: 10,
  sequence: 8192,
  headDim: 64,
  left: 512,
};

/** "[1, 8, 16384, 128]" */
export const label = ({ batch, heads, sequence, headDim }) =>
  `[${[batch, heads, sequence, headDim].join(', ')}]`;

/** Visible (query, key) pairs of one head, square. */
export const pairs = (sequence, causal) =>
  causal ? (sequence * (sequence + 1)) / 2 : sequence * sequence;

/** FLOP of the algorithm: two maps of D, each with a value of 2 D, is 12 D a pair and head. */
export const flops = ({ batch, heads, sequence, headDim }, causal) =>
  12 * headDim * batch * heads * pairs(sequence, causal);

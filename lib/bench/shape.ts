/** The problems that are measured: sizes, mask, and the work that they are. */

/** Of the v1 layout. */
export interface Shape {
  readonly batch: number;
  /** differential heads */
  readonly heads: number;
  readonly kvHeads: number;
  readonly seqlenQ: number;
  readonly seqlenK: number;
  readonly headDim: number;
}

export interface Mask {
  readonly causal: boolean;
  /** Keys to the left that stay visible; absent: all. */
  readonly left?: number;
}

export const kMasks = { full: { causal: false }, causal: { causal: true } } as const;

const square = (batch: number, heads: number, sequence: number, headDim: number): Shape => ({
  batch,
  heads,
  kvHeads: heads,
  seqlenQ: sequence,
  seqlenK: sequence,
  headDim,
});

/** What `bench` measures when no shape is given. */
export const kDefaultShapes = {
  cuda: [
    ...[1, 2, 4, 8, 16].map((batch) => square(batch, 8, 16384 / batch, 128)),
    square(2, 11, 8192, 96),
    ...[1, 2, 4, 8, 16].map((batch) => square(batch, 16, 16384 / batch, 64)),
  ],
  cpu: [
    ...[256, 512, 1024, 2048, 4096].map((sequence) => square(1, 8, sequence, 64)),
    ...[256, 512, 1024, 2048, 4096].map((sequence) => square(1, 4, sequence, 128)),
  ],
} as const;

/** '2x20/10x8192x64', '1x8x1:8192x128': batch x heads[/kv heads] x sequence[:keys] x head dim. */
export function parseShape(text: string): Shape | undefined {
  const match = /^(\d+)x(\d+)(?:\/(\d+))?x(\d+)(?::(\d+))?x(\d+)$/.exec(text);
  if (!match) return undefined;
  const [batch, heads, kvHeads, seqlenQ, seqlenK, headDim] = match
    .slice(1)
    .map((digits) => (digits === undefined ? undefined : Number(digits)));
  const shape = { batch, heads, kvHeads: kvHeads ?? heads, seqlenQ, seqlenK: seqlenK ?? seqlenQ };
  const whole = { ...shape, headDim } as Shape;
  const positive = Object.values(whole).every((size) => Number.isSafeInteger(size) && size > 0);
  return positive && whole.heads % whole.kvHeads === 0 ? whole : undefined;
}

/** As in papers and tables: '[1, 8, 16384, 128]'. */
export function labelOf({ batch, heads, kvHeads, seqlenQ, seqlenK, headDim }: Shape): string {
  const grouped = kvHeads === heads ? heads : `${heads}/${kvHeads}`;
  const sequence = seqlenK === seqlenQ ? seqlenQ : `${seqlenQ}:${seqlenK}`;
  return `[${[batch, grouped, sequence, headDim].join(', ')}]`;
}

export function maskName({ causal, left }: Mask): string {
  if (left === undefined) return causal ? 'causal' : 'full';
  return `${causal ? 'causal, ' : ''}window ${left}`;
}

export function isPlain({ heads, kvHeads, seqlenQ, seqlenK }: Shape): boolean {
  return heads === kvHeads && seqlenQ === seqlenK;
}

/** Visible (query, key) pairs of one head. */
export function pairsOf({ seqlenQ, seqlenK }: Shape, { causal, left = Infinity }: Mask): number {
  let pairs = 0;
  for (let query = 0; query < seqlenQ; query += 1) {
    const position = query + seqlenK - seqlenQ;
    const last = causal ? Math.min(position, seqlenK - 1) : seqlenK - 1;
    pairs += Math.max(0, last - Math.max(0, position - left) + 1);
  }
  return pairs;
}

/** FLOP of the algorithm: two maps of D, each with a value of 2 D, is 12 D a pair and head. */
export function flopsOf(shape: Shape, mask: Mask): number {
  return 12 * shape.headDim * shape.batch * shape.heads * pairsOf(shape, mask);
}

/** The recorded cases of public implementations: see test/data/README.md. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Options } from 'flashdiff/reference';
import type { Values } from '../../dist/verify/problem.js';
import { readSafetensors } from '../../examples/needle/safetensors.cjs';

export interface Golden {
  name: string;
  q: Values;
  k: Values;
  v: Values;
  /** Of the attention alone. */
  options: Options;
  attention: Values;
  /** With the norm and its scale; DIFF V2 has none. */
  normed: { options: Options; expected: Values } | undefined;
}

const folder = join(__dirname, '../data');

export function goldenCases(): Golden[] {
  const { metadata, tensors } = readSafetensors(join(folder, 'attention.safetensors'));
  const weights = JSON.parse(readFileSync(join(folder, 'subln-weights.json'), 'utf8'));
  return Object.entries(metadata).map(([name, words]) => {
    const field = (key: string) => new RegExp(`${key}=(\\S+)`).exec(words)?.[1];
    const tensor = (key: string) => tensors[`${name}.${key}`] as Values;
    const isV2 = tensors[`${name}.lambda`] !== undefined;
    const options: Options = {
      layout: isV2 ? 'v2' : field('pairing') === 'halves' ? 'diffllama' : 'v1',
      lambda: isV2 ? tensor('lambda') : (tensor('lambda_full').data[0] as number),
      causal: field('causal') === 'true',
    };
    const expected = tensor('normed_scaled');
    const weight: number[] | undefined = weights[name];
    const subln = {
      eps: Number(field('subln_eps') ?? field('rms_norm_eps')),
      ...(weight && {
        weight: { data: Float32Array.from(weight), shape: [weight.length], dtype: 'float32' },
      }),
    };
    const outputScale = 1 - Number(field('lambda_init'));
    return {
      name,
      q: tensor('q'),
      k: tensor('k'),
      v: tensor('v'),
      options,
      attention: tensor('attention'),
      normed: expected && { options: { ...options, subln, outputScale }, expected },
    };
  });
}

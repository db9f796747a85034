// What was recorded of a trained model: the operands of one layer, what PyTorch made of them, and
// the prompt in words.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readSafetensors } from './safetensors.cjs';

const beside = (name) => fileURLToPath(new URL(name, import.meta.url));

export function loadRecord(file = beside('record.safetensors')) {
  const { metadata, tensors } = readSafetensors(file);
  const { q, k, v, out, lse, out_normed_last: normedLast } = tensors;
  const attention = {
    layout: metadata.pairing === 'halves' ? 'diffllama' : 'v1',
    lambda: Number(metadata.lambda_full),
    causal: metadata.causal === 'true',
    softmaxScale: Number(metadata.softmax_scale),
  };
  const norm = {
    subln: { eps: Number(metadata.rms_norm_eps) },
    outputScale: 1 - Number(metadata.lambda_init),
  };
  return { layer: metadata.layer, q, k, v, attention, norm, recorded: { out, lse, normedLast } };
}

// A needle is 'The magic number for CITY d d d d .': where its digits begin and end.
const kDigits = [5, 9];

export function loadPrompt() {
  const { needles, asked, answer, text } = JSON.parse(readFileSync(beside('prompt.json'), 'utf8'));
  const tokens = text.join(' ').split(' ');
  const groups = tokens.map(() => 'rest');
  needles.forEach(({ start, length }, i) => {
    if (i === asked) groups.fill('answer', start + kDigits[0], start + kDigits[1]);
    else groups.fill('needles', start, start + length);
  });
  const question = tokens.slice(tokens.lastIndexOf('What')).join(' ');
  return { tokens, groups, needles, asked: needles[asked], answer, question };
}

/** The last token's row of both maps of every head: [{ map1, map2, difference }], λ applied. */
export function lastRows(maps, lambda) {
  const [, , heads, , length] = maps.shape;
  const row = (m, h) => maps.data.subarray((m * heads + h) * length, (m * heads + h + 1) * length);
  return Array.from({ length: heads }, (_, h) => {
    const map1 = row(0, h);
    const map2 = row(1, h).map((weight) => lambda * weight);
    return { map1, map2, difference: map1.map((weight, j) => weight - map2[j]) };
  });
}

/** How much of a row each group of tokens gets: { answer, needles, rest }. */
export function shares(row, groups) {
  const sums = { answer: 0, needles: 0, rest: 0 };
  row.forEach((weight, j) => {
    sums[groups[j]] += weight;
  });
  return sums;
}

// What the subtraction does, as a picture: map 1, map 2 and their difference. The kernel itself
// draws them: with the identity as values, a row of the result is a row of weights.
//
// The scene: 32 tokens, one of which holds the content asked for, the needle. Both maps share the
// noise, as trained ones do; only map 1 looks for the needle.
//
// usage: node examples/attention-map.mjs [attention-map.svg]
import { writeFileSync } from 'node:fs';
import { diffAttention, Tensor } from 'flashdiff';
import { normals } from './normals.mjs';

const tokens = 32;
const dim = tokens / 2; // so that the values, 2 × dim wide, can hold the identity
const needle = 9;
const lambda = 0.9;
const file = process.argv[2] ?? 'attention-map.svg';

const random = normals(7);
const vector = (count) => Float32Array.from({ length: count }, random);
const noise = { q: vector(tokens * dim), k: vector(tokens * dim) };
const content = vector(dim);

const q = twoMaps(noise.q, (_, map) => (map === 1 ? content.map((x) => 0.5 * x) : zeros()));
const k = twoMaps(noise.k, (row) => (row === needle ? content : zeros()));
const identity = Float32Array.from({ length: tokens * tokens }, (_, i) =>
  i % (tokens + 1) === 0 ? 1 : 0,
);
const tensors = [
  Tensor.from(q, { shape: [1, tokens, 2, dim] }),
  Tensor.from(k, { shape: [1, tokens, 2, dim] }),
  Tensor.from(identity, { shape: [1, tokens, 1, tokens] }),
];

const weights = async (options) => {
  const out = diffAttention(...tensors, { causal: true, ...options });
  const data = await out.data();
  out.dispose();
  return data;
};
const first = await weights({ lambda: 0 });
const difference = await weights({ lambda });
const second = first.map((weight, i) => (weight - difference[i]) / lambda);
for (const tensor of tensors) tensor.dispose();

const last = (map) => map.subarray((tokens - 1) * tokens);
const share = (map) => {
  const row = last(map).map(Math.abs);
  return row[needle] / row.reduce((a, b) => a + b);
};
const panels = [
  ['map 1', first],
  [`${lambda} × map 2`, second.map((weight) => lambda * weight)],
  ['the difference', difference],
];
writeFileSync(file, draw(panels));
for (const [name, map] of panels) {
  console.log(`${name.padEnd(15)} ${(100 * share(map)).toFixed(1).padStart(5)} % on the needle`);
}
console.log(`written: ${file}`);

/** [tokens, 2 maps, dim]: the shared noise and what a map adds. */
function twoMaps(shared, extra) {
  const values = new Float32Array(2 * shared.length);
  for (let row = 0; row < tokens; row += 1) {
    for (const map of [1, 2]) {
      const added = extra(row, map);
      for (let d = 0; d < dim; d += 1) {
        values[(2 * row + map - 1) * dim + d] = shared[row * dim + d] + added[d];
      }
    }
  }
  return values;
}

function zeros() {
  return new Float32Array(dim);
}

function draw(maps) {
  const cell = 9;
  const side = tokens * cell;
  const largest = Math.max(...maps.flatMap(([, map]) => Array.from(map, Math.abs)));
  const drawn = maps.map(([name, map], p) => {
    const cells = Array.from(map, (weight, i) => {
      const strength = Math.sqrt(Math.abs(weight) / largest);
      if (strength < 0.02) return '';
      const [x, y] = [(i % tokens) * cell, Math.floor(i / tokens) * cell];
      const colour = weight < 0 ? '#c8500a' : '#1f5fd6';
      const opacity = strength.toFixed(2);
      return `<rect x="${x}" y="${y}" width="${cell}" height="${cell}" fill="${colour}" opacity="${opacity}"/>`;
    });
    return `<g transform="translate(${20 + p * (side + 30)},40)"><text y="-10">${name}</text>
<rect width="${side}" height="${side}" fill="#f4f5f6"/>${cells.join('')}</g>`;
  });
  const width = 10 + maps.length * (side + 30);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${side + 80}" font-family="sans-serif" font-size="15">
<rect width="100%" height="100%" fill="white"/>
${drawn.join('\n')}
<text x="20" y="${side + 64}" fill="#666">rows: queries, columns: keys; blue adds, orange subtracts; the needle is column ${needle}</text>
</svg>
`;
}

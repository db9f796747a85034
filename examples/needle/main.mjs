// The main job: a trained model's attention, computed on the best device of this machine, checked
// against what PyTorch recorded and against the reference, explained and drawn.
//
// usage: node examples/needle/main.mjs [--out attention.svg] [--record FILE]
//
// Exit code 1 when the result or the record is beyond the rule.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { diffAttention, inspect, Tensor } from 'flashdiff';
import { attentionMaps, check, fromBits } from 'flashdiff/reference';
import { draw } from './plot.mjs';
import { lastRows, loadPrompt, loadRecord } from './record.mjs';
import { checkLine, deviceLine, recordLine, sentence, shareTable } from './report.mjs';

const { values: args } = parseArgs({
  options: { out: { type: 'string', default: 'attention.svg' }, record: { type: 'string' } },
});
const { layer, q, k, v, attention, norm, recorded } = loadRecord(args.record);
const prompt = loadPrompt();
const [, length, mapHeads, headDim] = q.shape;
const last = length - 1;

const machine = inspect();
const device = machine.cuda.available ? 'cuda' : 'cpu';
console.log(deviceLine(machine));
console.log(
  `problem   layer ${layer} of a trained DiffLlama, ${length} tokens, ${mapHeads / 2} heads,`,
);
console.log(
  `          head dim ${headDim}, ${q.dtype}, λ = ${attention.lambda.toFixed(3)}, causal\n`,
);

async function compute(options) {
  const operands = [q, k, v].map((operand) => Tensor.from(operand, { device }));
  const { out, lse } = diffAttention(...operands, { ...options, returnLse: true });
  for (const operand of operands) operand.dispose();
  const read = async (tensor) => {
    const { shape, dtype } = tensor;
    const data = await tensor.data();
    tensor.dispose();
    return { data, shape, dtype };
  };
  return { out: await read(out), lse: await read(lse) };
}
const plain = await compute(attention);
const normed = await compute({ ...attention, ...norm });

console.log('against the record, PyTorch in float64');
const lastRow = -recorded.normedLast.data.length;
const decoded = fromBits(plain.out.data, q.dtype);
const decodedLast = fromBits(normed.out.data.slice(lastRow), q.dtype);
console.log(recordLine('attention', decoded, recorded.out.data));
console.log(recordLine('log-sum-exp', plain.lse.data, recorded.lse.data));
console.log(recordLine('normed, last', decodedLast, recorded.normedLast.data));

const rows = Array.from({ length: 64 }, (_, i) => Math.round((i * last) / 63));
const rule = check(plain, q, k, v, { ...attention, rows });
const normedRule = check(normed, q, k, v, { ...attention, ...norm, rows });
const recordRule = check(recorded, q, k, v, { ...attention, rows });
const lastQuery = {
  ...q,
  data: q.data.slice(-mapHeads * headDim),
  shape: [1, 1, mapHeads, headDim],
};
const recordNormedRule = check(recorded.normedLast, lastQuery, k, v, { ...attention, ...norm });
console.log(`\nagainst the rule, on ${rows.length} of the ${length} queries`);
console.log(checkLine('attention', rule.out));
console.log(checkLine('log-sum-exp', rule.lse));
console.log(checkLine('normed', normedRule.out));
console.log(checkLine('the record', recordRule.out));
console.log(checkLine('its log-sum-exp', recordRule.lse));
console.log(checkLine('its normed row', recordNormedRule.out));
const broken = [rule, normedRule, recordRule, recordNormedRule].filter(({ ok }) => !ok);
for (const { message } of broken) console.log(message);

const { groups, question, answer } = prompt;
console.log(
  `\nwhere the last token of “… ${question}” looks, to say what comes next: ${answer[0]}`,
);
const heads = lastRows(attentionMaps(q, k, { ...attention, rows: [last] }), attention.lambda);
console.log(shareTable(heads, groups));
heads.forEach((head, h) => {
  console.log(`head ${h}  ${sentence(head, groups)}`);
});

writeFileSync(args.out, draw(heads, prompt, attention.lambda));
console.log(`\npicture   ${args.out}`);
if (broken.length > 0) process.exitCode = 1;

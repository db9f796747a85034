// The picture: one self-contained SVG, light or dark as its viewer is. For every telling head
// map 1, λ · map 2 and their difference at one scale: on the left over the whole text, in bars as
// long as the hidden sentences, on the right token by token in the sentence that holds the answer.
import { shares } from './record.mjs';
import { rowNames, sentence } from './report.mjs';

const kWidth = 1120;
const kMargin = 28;
const kText = { x: 70, width: 690 };
const kZoom = { x: 806, width: 286 };
const kHeadTop = 76; // above the first panel of a head
const kPanels = 330; // all three panels of a head, without the gaps
const kGap = 16;
const kHeadHeight = kHeadTop + kPanels + 2 * kGap + 84;
const kTop = 190;

// Plain properties, no CSS variables: simple viewers do not know those.
const kStyle = `
  svg { font: 13px system-ui, "Segoe UI", "Helvetica Neue", "DejaVu Sans", sans-serif; }
  .title { font-size: 21px; font-weight: bold; } .head { font-size: 16px; font-weight: bold; }
  .name { font-weight: bold; } .small { font-size: 11.5px; }
  .end { text-anchor: end; } .middle { text-anchor: middle; }
  .band { opacity: 0.13; }
  .back { fill: #fdfdfc; } text { fill: #1d1f21; } text.soft { fill: #5f666d; }
  .grid { stroke: #e3e6e8; } .zero { stroke: #868d94; }
  .answer, text.answer { fill: #d9480f; } .needles { fill: #1c7ed6; } .rest { fill: #8f979e; }
  @media (prefers-color-scheme: dark) {
    .back { fill: #16181b; } text { fill: #e8eaed; } text.soft { fill: #a3a9b0; }
    .grid { stroke: #2c3035; } .zero { stroke: #7d848c; }
    .answer, text.answer { fill: #ff8c42; } .needles { fill: #5cb0ff; } .rest { fill: #80878f; }
  }`;

export function draw(heads, prompt, lambda) {
  const telling = heads.map((head, h) => ({ head, h })).filter(({ head }) => tells(head, prompt));
  const height = kTop + telling.length * kHeadHeight;
  const parts = telling.map(({ head, h }, i) => drawHead(head, h, prompt, kTop + i * kHeadHeight));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${kWidth} ${height}" role="img">
<title>Differential attention: two maps and their difference</title>
<style>${kStyle}
</style>
<rect class="back" width="${kWidth}" height="${height}"/>
${heading(prompt, lambda)}
${parts.join('\n')}
</svg>
`;
}

/** Whether a map of the head looks at the answer. */
function tells({ map1, map2 }, { groups }) {
  return [map1, map2].some((map) => shares(map, groups).answer > 0.1);
}

function heading({ tokens, needles, asked, answer, question }, lambda) {
  const hidden = tokens.slice(asked.start, asked.start + asked.length).join(' ');
  const count = tokens.length.toLocaleString('en');
  const lines = [
    `A small trained model has read ${count} tokens: filler text with ${needles.length} hidden`,
    ` sentences such as “${hidden}”, and at the end\n`,
    `“${question}”. It goes on with ${answer[0]}. The bars show where it looks from the last`,
    ' token: how much of each token’s value it takes.\n',
    'Ordinary attention has one such map. Differential attention has two and subtracts them: ',
    `result = (map 1 − λ · map 2) · values, here with λ = ${lambda.toFixed(3)}.\n`,
    'What both maps see alike cancels. What map 1 alone sees stays, and so does what map 2 alone ',
    'sees: with a minus sign, which the next layer reads just as well.',
  ];
  const legend = [
    ['answer', 'digits of the answer', 0],
    ['needles', 'the other hidden sentences', 168],
    ['rest', 'the rest of the text', 376],
  ].map(
    ([group, label, x]) =>
      rect(group, kMargin + x, 149, 12, 12) + text(kMargin + x + 18, 159.5, label),
  );
  return [
    text(
      kMargin,
      40,
      'Differential attention at work: two attention maps and their difference',
      'title',
    ),
    ...lines
      .join('')
      .split('\n')
      .map((words, i) => text(kMargin, 70 + 20 * i, words, 'soft')),
    ...legend,
  ].join('\n');
}

function drawHead(head, h, prompt, top) {
  const rows = Object.entries(rowNames).map(([key, name]) => ({
    name,
    shares: shares(head[key], prompt.groups),
    isDifference: key === 'difference',
    text: bars(head[key], prompt),
    zoom: tokens(head[key], prompt),
  }));
  const ends = rows.flatMap(({ text, zoom }) => [...text, ...zoom]).map(({ sums }) => extent(sums));
  const up = 1.06 * Math.max(...ends.map((end) => end.up));
  const down = 1.06 * Math.max(...ends.map((end) => end.down));
  const unit = kPanels / (3 * up + down); // pixels a weight of 1

  const { x } = kText;
  const parts = [
    text(kMargin, top + 16, `Head ${h}`, 'head'),
    text(kMargin, top + 38, sentence(head, prompt.groups), 'soft'),
    text(x, top + 66, `the whole text, ${prompt.asked.length} tokens a bar`, 'small soft'),
    text(askedMiddle(prompt), top + 66, '↓ asked for', 'small middle answer'),
    text(kZoom.x, top + 66, 'the sentence asked for, token by token', 'small soft'),
  ];
  let y = top + kHeadTop;
  for (const row of rows) {
    const height = unit * (row.isDifference ? up + down : up);
    const zero = y + unit * up;
    const frame = { y, height, zero, unit };
    parts.push(scale(frame), panel(kText, row.text, frame), panel(kZoom, row.zoom, frame));
    parts.push(caption(row, x + 8, y + 13));
    y += height + kGap;
  }
  parts.push(textAxis(prompt, y - kGap), zoomAxis(prompt, y - kGap));
  return parts.join('\n');
}

/** Sums over stretches as long as a hidden sentence, placed so that each of those fills one. */
function bars(row, { groups, asked }) {
  const step = asked.length;
  const result = [];
  for (let end = asked.start % step || step; end - step < row.length; end += step) {
    const begin = Math.max(0, end - step);
    const sums = shares(row.subarray(begin, end), groups.slice(begin, end));
    result.push({ from: begin / row.length, to: Math.min(1, end / row.length), sums });
  }
  return result;
}

/** The sentence asked for. */
function tokens(row, { groups, asked }) {
  return Array.from({ length: asked.length }, (_, i) => {
    const at = asked.start + i;
    const sums = shares(row.subarray(at, at + 1), [groups[at]]);
    return { from: (i + 0.12) / asked.length, to: (i + 0.88) / asked.length, sums };
  });
}

function extent(sums) {
  const of = (sign) => Object.values(sums).reduce((sum, x) => sum + Math.max(0, sign * x), 0);
  return { up: of(1), down: of(-1) };
}

/** Bars stacked by group: positive ones upwards from the zero line, negative ones downwards. */
function panel({ x, width }, data, { y, height, zero, unit }) {
  const parts = [];
  for (const { from, to, sums } of data) {
    let [above, below] = [zero, zero];
    const [left, right] = [x + from * width + 0.4, x + to * width - 0.4];
    if (sums.needles !== 0) parts.push(rect('needles band', left, y, right - left, height));
    if (sums.answer !== 0) parts.push(rect('answer band', left, y, right - left, height));
    for (const [group, weight] of Object.entries(sums)) {
      const size = Math.abs(weight) * unit;
      if (size < 0.05) continue;
      if (weight > 0) above -= size;
      parts.push(rect(group, left, weight > 0 ? above : below, right - left, size));
      if (weight < 0) below += size;
    }
  }
  parts.push(line('zero', x, zero, x + width, zero));
  return parts.join('\n');
}

function askedMiddle({ tokens: all, asked }) {
  return kText.x + ((asked.start + asked.length / 2) / all.length) * kText.width;
}

/** Grid lines and their numbers, left of the text. */
function scale({ y, height, zero, unit }) {
  const step = 0.1 * unit > 22 ? 0.1 : 0.2;
  const parts = [];
  const first = Math.ceil((zero - y - height) / unit / step - 0.05);
  for (let i = first; i * step * unit <= zero - y; i += 1) {
    const at = zero - i * step * unit;
    if (i !== 0) {
      for (const { x, width } of [kText, kZoom]) parts.push(line('grid', x, at, x + width, at));
    }
    const label = (i * step).toFixed(1).replace('-', '−');
    parts.push(text(kText.x - 8, at + 4, i === 0 ? '0' : label, 'small soft end'));
  }
  return parts.join('\n');
}

function caption({ name, shares: { answer, needles, rest } }, x, y) {
  const number = (weight) => weight.toFixed(3).replace('-', '−');
  const spans = [
    `<tspan class="name">${name}</tspan><tspan class="small rest" dx="12">in all</tspan>`,
    `<tspan class="answer" dx="8">${number(answer)}</tspan>`,
    `<tspan class="needles" dx="8">${number(needles)}</tspan>`,
    `<tspan class="rest" dx="8">${number(rest)}</tspan>`,
  ];
  return `<text x="${x}" y="${y}">${spans.join('')}</text>`;
}

function textAxis({ tokens: all }, y) {
  const parts = [];
  for (let token = 0; token <= all.length; token += 200) {
    const x = kText.x + (token / all.length) * kText.width;
    parts.push(line('zero', x, y, x, y + 4), text(x, y + 18, token, 'small soft middle'));
  }
  const label = 'position in the text, in tokens; the last token looks back at all of them';
  parts.push(text(kText.x + kText.width / 2, y + 36, label, 'small soft middle'));
  return parts.join('\n');
}

function zoomAxis({ tokens: all, asked }, y) {
  const step = kZoom.width / asked.length;
  return Array.from({ length: asked.length }, (_, i) => {
    const x = kZoom.x + (i + 0.5) * step;
    const word = escaped(all[asked.start + i]);
    const place = `translate(${x + 4},${y + 14}) rotate(-40)`;
    return `<text class="small end" transform="${place}">${word}</text>`;
  }).join('\n');
}

function rect(group, x, y, width, height) {
  const [left, top, w, h] = [x, y, width, height].map((value) => Number(value.toFixed(2)));
  return `<rect class="${group}" x="${left}" y="${top}" width="${w}" height="${h}"/>`;
}

function line(kind, x1, y1, x2, y2) {
  const at = [x1, y1, x2, y2].map((value) => Number(value.toFixed(2)));
  return `<line class="${kind}" x1="${at[0]}" y1="${at[1]}" x2="${at[2]}" y2="${at[3]}"/>`;
}

function text(x, y, words, kind = '') {
  const place = `x="${x.toFixed(1)}" y="${y.toFixed(1)}"`;
  return `<text class="${kind}" ${place}>${escaped(String(words))}</text>`;
}

const escaped = (words) => words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

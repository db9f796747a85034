/** The figures of one series as text. */

import { linesOf, percent, significant, unitOf } from '../bench/lines.js';
import { type Contender, rate, type Series } from '../bench/result.js';
import { labelOf, maskName } from '../bench/shape.js';
import { columns } from './terminal.js';

export function tableOf(series: Series): string {
  const unit = unitOf(series);
  const { device, dtype, hardware, ceilings } = series;
  const show = (contender: Contender | undefined) => {
    const perSecond = contender && rate(contender);
    return perSecond === undefined ? '' : significant(perSecond / unit.of);
  };
  const lines = linesOf(series);
  const hasCold = lines.some(({ ours }) => ours?.cold);
  const rows = lines.map(({ ours, bestPeer, fraction, speedUp, ...line }) => {
    const variant = line.measurement.contenders.find(({ role }) => role === 'variant');
    const cost = variant?.warm && ours?.warm && variant.warm.median / ours.warm.median - 1;
    return [
      line.shape,
      line.mask,
      ours?.failed ? 'wrong' : show(ours),
      significant(ours?.warm?.median),
      ...(hasCold ? [significant(ours?.cold?.median)] : []),
      percent(fraction),
      percent(cost),
      bestPeer ? `${bestPeer.name} ${show(bestPeer)}` : '',
      speedUp === undefined ? '' : `${speedUp.toFixed(2)} x`,
      ours?.error?.toExponential(1) ?? '',
    ];
  });
  const head = [
    '[batch, heads, sequence, D]',
    'mask',
    unit.name,
    ...(hasCold ? ['warm ms', 'cold ms'] : ['ms']),
    'of ceiling',
    'norm+lse',
    'best peer',
    'speed-up',
    'error',
  ];
  const ceiling = ceilings.flops
    ? `; ceiling ${significant(ceilings.flops.perSecond / unit.of)} ${unit.name}, ${ceilings.flops.of}`
    : '';
  const failures = series.measurements.flatMap(({ contenders, shape, mask }) =>
    contenders.flatMap(({ name, failed }) =>
      failed ? [`${name}, ${labelOf(shape)} ${maskName(mask)}: ${failed}`] : [],
    ),
  );
  const title = `${device} ${dtype}, ${hardware}${ceiling}`;
  return [title, columns(head, rows), ...failures].join('\n');
}

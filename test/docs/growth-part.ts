import { readGrowth } from '../bench/charts/data.ts';
import { GROWTH } from '../bench/charts/growth.ts';
import { tableOf } from './tables.ts';

/** Each chart that was measured, with its figures as a table for those who do not see it. */
export function growthPart(): string {
  const data = readGrowth();
  return GROWTH.flatMap(({ name, title, xLabel, yLabel }) => {
    const found = data[name];
    if (found === undefined) return [];
    const { caption, series } = found;
    const xs = [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))].toSorted((a, b) => a - b);
    const rows = xs.map((x) => [
      x.toLocaleString('en-US'),
      ...series.map(({ points }) => points.find(([each]) => each === x)?.[1].toLocaleString('en-US') ?? '–'),
    ]);
    const head = [xLabel, ...series.map((each) => each.name)];
    return [
      `## ${title}\n\n![${title}: ${yLabel}, as in the table below](growth/${name}.svg)\n\n${yLabel}, by \`npm run bench -- --charts ${name}\`. ${caption}.\n\n${tableOf(head, rows)}\n`,
    ];
  }).join('\n');
}

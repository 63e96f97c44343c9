import type { Row } from './perform.ts';
import { median, medians } from './statistics.ts';

/** All repetitions of one scenario with one peer, and the row in which each figure is the median of theirs. */
export interface Summary {
  readonly row: Row;
  readonly all: readonly Row[];
}

export function summariesOf(rows: readonly Row[]): Summary[] {
  const groups = Map.groupBy(rows, ({ scenario, peer }) => `${scenario}\n${peer}`);
  return [...groups.values()].map((all) => ({ row: medians(all), all }));
}

/** The median of a figure, and where it was measured several times also its least and greatest value. */
export function cellOf(
  { all }: Summary,
  figureOf: (row: Row) => number | undefined,
  format: (value: number) => string,
): string {
  const values = all.map(figureOf).filter((value) => value !== undefined && Number.isFinite(value));
  const figures = values.filter((value): value is number => value !== undefined);
  return figures.length === 0 ? '' : format(median(figures)) + spreadOf(figures, format);
}

/** The least and the greatest of several figures, or nothing for one. */
export function spreadOf(figures: readonly number[], format: (value: number) => string): string {
  const [least, greatest] = [format(Math.min(...figures)), format(Math.max(...figures))];
  return figures.length < 2 || least === greatest ? '' : ` (${least}–${greatest})`;
}

/** A table in Markdown. The first two columns are text. */
export function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = head.map((name, column) =>
    Math.max(name.length, ...lines.map((line) => (line[column] ?? '').length)),
  );
  const format = (line: readonly string[]): string =>
    `| ${line.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [format(head), rule, ...lines.map(format)].join('\n');
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Formats a figure with two or three significant digits. */
export function short(value: number): string {
  return value >= 100 ? whole(value) : value.toPrecision(value >= 10 ? 3 : 2);
}

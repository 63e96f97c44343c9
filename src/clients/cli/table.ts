import { fit, padded, widthOf } from './text-width.ts';

const BETWEEN = '  ';
/** A column is not made narrower than this, since nothing could be read in it. */
const MIN_WIDTH = 6;

/**
 * The rows as lines of aligned columns. Where the lines would be wider than `width`, the widest columns become narrower, and
 * what does not fit is cut.
 */
export function tableLines(rows: readonly (readonly string[])[], width: number): string[] {
  const columns = rows[0]?.length ?? 0;
  const room = width - BETWEEN.length * (columns - 1);
  const widths = Array.from({ length: columns }, (_none, i) =>
    rows.reduce((most, row) => Math.max(most, Math.min(room, widthOf(row[i] ?? ''))), 0),
  );
  for (let over = sum(widths) - room; over > 0; over--) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= MIN_WIDTH) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return rows.map((row) =>
    fit(
      row
        .map((text, i) => padded(fit(text, widths[i] ?? 0), widths[i] ?? 0))
        .join(BETWEEN)
        .trimEnd(),
      width,
    ),
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, each) => all + each, 0);
}

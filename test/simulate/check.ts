import { figuresAt } from './at-point.ts';
import { claimsOf } from './fit.ts';
import type { Parts } from './parts.ts';
import { FIGURES, type Measured, type Point } from './points.ts';
import { short, table } from '../bench/summary.ts';

/** What is simulated may differ from what was measured by this share of it. */
export const WITHIN = 0.2;

/** One figure of one point, as measured and as simulated. */
export interface Comparison {
  readonly point: Point;
  readonly figure: string;
  readonly measured: number;
  readonly simulated: number;
  readonly isWithin: boolean;
}

/** Compares each figure of each point that was measured, but for those that the point leaves out. */
export function compare(
  points: readonly Point[],
  measured: Readonly<Record<string, Measured>>,
  parts: Parts,
): Comparison[] {
  return points.flatMap((point) => {
    const claims = claimsOf([point], measured);
    const figures = claims.length === 0 ? {} : figuresAt(point, parts);
    return claims.map(({ figure, measured: value }) => {
      const simulated = figures[figure] ?? Number.NaN;
      const isWithin = Math.abs(simulated - value) <= WITHIN * value;
      return { point, figure: FIGURES[figure], measured: value, simulated, isWithin };
    });
  });
}

export function comparisonTable(comparisons: readonly Comparison[]): string {
  return table(
    ['point', 'figure', 'use', 'measured', 'simulated', 'ratio', ''],
    comparisons.map(({ point, figure, measured, simulated, isWithin }) => [
      point.name,
      figure,
      point.use,
      short(measured),
      short(simulated),
      (simulated / measured).toFixed(2),
      isWithin ? '' : 'FAR',
    ]),
  );
}

import { figuresAt } from './at-point.ts';
import { claimsOf, isClaimed, spreadOf, STEADY_WITHIN } from './fit.ts';
import type { Parts } from './parts.ts';
import { FIGURES, figuresOf, type Figure, type Measured, type Point } from './points.ts';
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

/** A figure that is not compared, since its runs differ too much to say what it is. */
export interface Unsteady {
  readonly point: Point;
  readonly figure: string;
  /** By which share of their median the runs differ from it at most. */
  readonly spread: number;
  /** What is simulated, as a share of the median. */
  readonly ratio: number;
}

/** All figures that would be compared if their runs agreed better. */
export function unsteady(
  points: readonly Point[],
  measured: Readonly<Record<string, Measured>>,
  parts: Parts,
): Unsteady[] {
  return points.flatMap((point) => {
    const found = measured[point.name];
    if (found === undefined) return [];
    const simulated = figuresAt(point, parts);
    return Object.entries(figuresOf(found)).flatMap(([name, value]) => {
      const figure = name as Figure;
      const spread = spreadOf(found, figure);
      if (!isClaimed(point, figure) || spread <= STEADY_WITHIN) return [];
      return [{ point, figure: FIGURES[figure], spread, ratio: (simulated[figure] ?? Number.NaN) / value }];
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

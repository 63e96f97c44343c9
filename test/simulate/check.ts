import { short, table } from '../bench/summary.ts';
import { figuresAt } from './at-point.ts';
import { claimsOf, isClaimed, isSteady } from './fit.ts';
import { figuresOf, machineOf, type AllMeasured } from './measured.ts';
import type { Parts } from './parts.ts';
import { FIGURES, type Figure, type Point } from './points.ts';

/** What is simulated may differ from what was measured by this share of it. */
export const WITHIN = 0.2;

/** One figure of one point, as measured and as simulated. */
export interface Comparison {
  readonly point: Point;
  readonly figure: string;
  readonly measured: number;
  readonly simulated: number;
  /** By which share of their median the runs differ from it at most. */
  readonly spread: number;
  readonly isWithin: boolean;
}

/** Compares each figure of each point that was measured, but for those that the point leaves out. */
export function compare(points: readonly Point[], all: AllMeasured, parts: Parts): Comparison[] {
  return compareAll(points, all, parts).filter(isSteady);
}

/** All figures that would be compared if their runs agreed better: by which share of their median do they differ from it at most. */
export function unsteady(points: readonly Point[], all: AllMeasured, parts: Parts): Comparison[] {
  return compareAll(points, all, parts).filter((each) => !isSteady(each));
}

function compareAll(points: readonly Point[], all: AllMeasured, parts: Parts): Comparison[] {
  return points.flatMap((point) => {
    const claims = claimsOf([point], all);
    const [first] = claims;
    const figures = first === undefined ? {} : figuresAt(point, parts, first.found);
    return claims.map(({ figure, measured, spread }) => {
      const simulated = figures[figure] ?? Number.NaN;
      const isWithin = Math.abs(simulated - measured) <= WITHIN * measured;
      return { point, figure: nameOf(point, figure), measured, simulated, spread, isWithin };
    });
  });
}

function nameOf({ beside }: Point, figure: Figure): string {
  return beside === undefined
    ? FIGURES[figure]
    : `${FIGURES[figure].replace(/, .*/, '')}, of that of ${beside}`;
}

/** Why points are not compared at all, and what the simulation gives of what was measured elsewhere. */
export function notCompared(points: readonly Point[], all: AllMeasured, parts: Parts): string[] {
  const machine = machineOf(all);
  return points.flatMap((point) => {
    const found = all[point.name];
    if (found === undefined) return [`${point.name}: nobody has measured it yet`];
    if (point.beside !== undefined || found.machine === machine) return [];
    const figures = figuresAt(point, parts, found);
    return Object.entries(figuresOf(found)).flatMap(([name, value]) => {
      const figure = name as Figure;
      const ratio = ((figures[figure] ?? Number.NaN) / value).toFixed(2);
      return isClaimed(point, figure)
        ? [
            `${point.name}, ${FIGURES[figure]}: measured on ${found.machine}, and the parts are of ${machine}, with which the simulation gives ${ratio} of it`,
          ]
        : [];
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

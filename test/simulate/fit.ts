import { figuresAt } from './at-point.ts';
import { PARTS, type Part, type Parts } from './parts.ts';
import { figuresOf, type Figure, type Figures, type Measured, type Point } from './points.ts';

/** So many steps at most, and how much smaller each error must become in one of them. */
const STEPS_MAX = 12;
const ENOUGH = 0.001;
/** By how much a part is changed to see what depends on it. */
const NUDGE = 0.05;
/** Keeps a part that few figures depend on near its value before. */
const DAMPING = 0.01;
const FACTOR_MAX = 3;

/** A figure of a point with what was measured. */
export interface Claim {
  readonly point: Point;
  readonly figure: Figure;
  readonly measured: number;
}

/**
 * Figures that no point claims: latencies of the bench are those of its load client as well, which shares its core with
 * Redis and the publisher, and the CPU of a delivery is that of an event in other words.
 */
const NEVER: ReadonlySet<Figure> = new Set(['p50', 'p99', 'loadBusy', 'nodeUsPerDelivery']);

/** All figures that the simulation claims to give: each that was measured, unless there is a reason to leave it out. */
export function claimsOf(points: readonly Point[], measured: Readonly<Record<string, Measured>>): Claim[] {
  return points.flatMap((point) => {
    const found = measured[point.name];
    const figures = found === undefined ? {} : figuresOf(found);
    return Object.entries(figures).flatMap(([name, value]) => {
      const figure = name as Figure;
      return isClaimed(point, figure) && spreadOf(found, figure) <= STEADY_WITHIN
        ? [{ point, figure, measured: value }]
        : [];
    });
  });
}

/** Whether the simulation claims a figure, however steady what was measured is. */
export function isClaimed({ leftOut }: Point, figure: Figure): boolean {
  return leftOut?.[figure] === undefined && !NEVER.has(figure);
}

/** Runs that differ by more than this from their median say too little to check anything. */
export const STEADY_WITHIN = 0.2;

/** By which share of their median the runs differ from it at most. */
export function spreadOf(measured: Measured | undefined, figure: Figure): number {
  const middle = measured && figuresOf(measured)[figure];
  if (measured === undefined || middle === undefined) return Number.POSITIVE_INFINITY;
  const values = measured.runs.flatMap((run) => run[figure] ?? []);
  return Math.max(...values.map((value) => Math.abs(value - middle) / middle));
}

/** Finds the parts with which the simulation comes nearest to the claims, by the logarithms of their ratios (Gauss and Newton). */
export function fit(claims: readonly Claim[], from: Parts): Parts {
  let parts = from;
  let errors = errorsOf(claims, parts);
  const dependencies = dependenciesOf(claims, parts);
  for (let step = 0; step < STEPS_MAX; step++) {
    const names = Object.keys(PARTS) as Part[];
    const slopes = names.map((name) => {
      const touched = claims.filter(({ point }) => dependencies.get(point)?.has(name));
      const changed = errorsOf(touched, { ...parts, [name]: parts[name] * (1 + NUDGE) }).values();
      return claims.map((claim, i) => {
        const error = touched.includes(claim) ? changed.next().value : undefined;
        return error === undefined ? 0 : (error - (errors[i] ?? 0)) / Math.log(1 + NUDGE);
      });
    });
    const matrix = slopes.map((a, i) => slopes.map((b, j) => dot(a, b) + (i === j ? DAMPING : 0)));
    const change = solve(
      matrix,
      slopes.map((a) => -dot(a, errors)),
    );
    const better = shorter(claims, parts, names, change, sumOfSquares(errors));
    if (better === undefined) return parts;
    const gain = sumOfSquares(errors) - sumOfSquares(better.errors);
    ({ parts, errors } = better);
    if (gain < ENOUGH) return parts;
  }
  return parts;
}

/** The largest part of a change that makes the errors smaller, if any does. */
function shorter(
  claims: readonly Claim[],
  parts: Parts,
  names: readonly Part[],
  change: readonly number[],
  before: number,
): { parts: Parts; errors: number[] } | undefined {
  for (let share = 1; share > 0.05; share /= 2) {
    const factors = names.map((name, i) => {
      const factor = Math.exp(share * (change[i] ?? 0));
      return [name, parts[name] * Math.min(FACTOR_MAX, Math.max(1 / FACTOR_MAX, factor))] as const;
    });
    const changed = Object.fromEntries(factors) as Parts;
    const errors = errorsOf(claims, changed);
    if (sumOfSquares(errors) < before) return { parts: changed, errors };
  }
  return undefined;
}

/** The logarithm of what is simulated over what was measured, for each claim. */
export function errorsOf(claims: readonly Claim[], parts: Parts): number[] {
  const known = new Map<Point, Figures>();
  return claims.map(({ point, figure, measured }) => {
    const figures = known.get(point) ?? figuresAt(point, parts);
    known.set(point, figures);
    return Math.log((figures[figure] ?? Number.NaN) / measured);
  });
}

/** The parts on which the figures of each point depend. */
function dependenciesOf(claims: readonly Claim[], parts: Parts): Map<Point, ReadonlySet<string>> {
  const points = new Set(claims.map(({ point }) => point));
  return new Map(
    [...points].map((point) => {
      const read = new Set<string>();
      const get = (of: Parts, name: string): number => {
        read.add(name);
        return of[name as Part];
      };
      figuresAt(point, new Proxy(parts, { get: (of, name) => get(of, String(name)) }));
      return [point, read];
    }),
  );
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

function sumOfSquares(values: readonly number[]): number {
  return dot(values, values);
}

/** Solves a system of linear equations (Gauss). */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i] ?? 0]);
  const size = rows.length;
  for (let column = 0; column < size; column++) {
    const pivot = rows
      .slice(column)
      .reduce((a, b) => (Math.abs(b[column] ?? 0) > Math.abs(a[column] ?? 0) ? b : a));
    rows.splice(rows.indexOf(pivot), 1);
    rows.splice(column, 0, pivot);
    for (const row of rows) {
      if (row === pivot) continue;
      const factor = (row[column] ?? 0) / (pivot[column] ?? 1);
      for (let i = column; i <= size; i++) row[i] = (row[i] ?? 0) - factor * (pivot[i] ?? 0);
    }
  }
  return rows.map((row, i) => (row[size] ?? 0) / (row[i] ?? 1));
}

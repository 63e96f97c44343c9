import { figuresAt } from './at-point.ts';
import { PARTS, type Part, type Parts } from './parts.ts';
import { figuresOf, machineOf, spreadOf, type AllMeasured, type Measured } from './measured.ts';
import type { Figure, Figures, Point } from './points.ts';

/** So many steps at most, and how much smaller each error must become in one of them. */
const STEPS_MAX = 12;
const ENOUGH = 0.001;
/** By how much a part is changed to see what depends on it. */
const NUDGE = 0.05;
/** Keeps a part that few figures depend on near its value before. */
const DAMPING = 0.01;
const FACTOR_MAX = 3;
/** Runs that differ by this share of their median count 0.7 of those that agree. */
const SPREAD = 0.1;

/** A figure of a point with what was measured. */
export interface Claim {
  readonly point: Point;
  readonly found: Measured;
  readonly figure: Figure;
  readonly measured: number;
  /** By which share of their median the runs differ from it at most. */
  readonly spread: number;
}

/**
 * Figures that no point claims: latencies of the bench are those of its load client as well, which shares its core with
 * Redis and the publisher, the CPU of a delivery is that of an event in other words, and so are the events a second that
 * one core of Redis takes.
 */
const NEVER: ReadonlySet<Figure> = new Set(['p50', 'p99', 'loadBusy', 'nodeUsPerDelivery', 'eventsPerS']);

/**
 * All figures that the simulation claims to give: each that was measured on the machine of the parts, or beside another
 * point on any machine, unless there is a reason to leave it out.
 */
export function claimsOf(points: readonly Point[], all: AllMeasured): Claim[] {
  const machine = machineOf(all);
  return points.flatMap((point) => {
    const found = all[point.name];
    if (found === undefined || (point.beside === undefined && found.machine !== machine)) return [];
    return Object.entries(figuresOf(found)).flatMap(([name, measured]) => {
      const figure = name as Figure;
      if (!isClaimed(point, figure)) return [];
      return [{ point, found, figure, measured, spread: spreadOf(found, figure) }];
    });
  });
}

/** Runs that differ by more than this from their median say too little to check anything. */
const STEADY_WITHIN = 0.2;

export function isSteady({ spread }: { readonly spread: number }): boolean {
  return spread <= STEADY_WITHIN;
}

/** Whether the simulation claims a figure, however steady what was measured is. */
export function isClaimed({ leftOut }: Point, figure: Figure): boolean {
  return leftOut?.[figure] === undefined && !NEVER.has(figure);
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

/**
 * The logarithm of what is simulated over what was measured, for each claim. It counts less the more the runs differ. It
 * counts still, since nothing else may say what a part costs.
 */
export function errorsOf(claims: readonly Claim[], parts: Parts): number[] {
  const known = new Map<Point, Figures>();
  return claims.map(({ point, found, figure, measured, spread }) => {
    const figures = known.get(point) ?? figuresAt(point, parts, found);
    known.set(point, figures);
    return Math.log((figures[figure] ?? Number.NaN) / measured) / Math.hypot(1, spread / SPREAD);
  });
}

/** The parts on which the figures of each point depend. */
function dependenciesOf(claims: readonly Claim[], parts: Parts): Map<Point, ReadonlySet<string>> {
  const points = new Map(claims.map(({ point, found }) => [point, found]));
  return new Map(
    [...points].map(([point, found]) => {
      const read = new Set<string>();
      const get = (of: Parts, name: string): number => {
        read.add(name);
        return of[name as Part];
      };
      figuresAt(point, new Proxy(parts, { get: (of, name) => get(of, String(name)) }), found);
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

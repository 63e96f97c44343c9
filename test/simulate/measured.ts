import { readFileSync, writeFileSync } from 'node:fs';
import { medians } from '../bench/statistics.ts';
import { POINTS, type Figure, type Figures } from './points.ts';

const DATA = new URL('points.json', import.meta.url);

/** What was measured at a point in each run, and where and when. */
export interface Measured {
  readonly machine: string;
  readonly date: string;
  /** What measured it, where that was not `npm run simulate -- --measure`. Each run is then the median of its repetitions. */
  readonly command?: string;
  readonly runs: readonly Figures[];
  /** The runs of the point beside it, if it has one, in the same minutes. */
  readonly beside?: readonly Figures[];
}

/** What was measured, by the names of the points. */
export type AllMeasured = Readonly<Record<string, Measured>>;

/** The median of the runs for each figure, as a share of the same of the point beside it, if there is one. */
export function figuresOf({ runs, beside }: Measured): Figures {
  return beside === undefined ? medians(runs) : sharesOf(medians(runs), medians(beside));
}

/** Each figure as a share of the same one of other figures. */
export function sharesOf(figures: Figures, others: Figures): Figures {
  const shares = Object.entries(figures).flatMap(([name, value]) => {
    const other = others[name as Figure];
    return other === undefined ? [] : [[name, value / other]];
  });
  return Object.fromEntries(shares) as Figures;
}

/** By which share of their median the runs differ from it at most, those beside them included. */
export function spreadOf({ runs, beside = [] }: Measured, figure: Figure): number {
  return Math.max(...[runs, beside].map((each) => spreadOfRuns(each, figure)));
}

function spreadOfRuns(runs: readonly Figures[], figure: Figure): number {
  const middle = medians(runs)[figure];
  if (middle === undefined) return 0;
  return Math.max(...runs.map((run) => Math.abs((run[figure] ?? middle) - middle) / middle));
}

/** The machine on which the points were measured to which the parts are fitted. Machines differ, so it can only be one. */
export function machineOf(all: AllMeasured): string {
  const fitted = POINTS.filter(({ use, beside }) => use === 'fit' && beside === undefined);
  const machines = new Set(fitted.flatMap(({ name }) => all[name]?.machine ?? []));
  const [machine, ...others] = machines;
  if (machine === undefined) throw new Error('No point was measured to which the parts could be fitted.');
  if (others.length > 0)
    throw new Error(
      `The points to which the parts are fitted were measured on several machines: ${[...machines].join(' and ')}. Expected one, since each has a speed of its own. \`npm run simulate -- --measure\` measures them all anew.`,
    );
  return machine;
}

export function readMeasured(): AllMeasured {
  return JSON.parse(readFileSync(DATA, 'utf8')) as AllMeasured;
}

export function writeMeasured(measured: AllMeasured): void {
  const names = [...new Set([...POINTS.map(({ name }) => name), ...Object.keys(measured)])];
  const sorted = names.flatMap((name) => (measured[name] === undefined ? [] : [[name, measured[name]]]));
  writeFileSync(DATA, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
}

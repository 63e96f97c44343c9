import type { RecordedFigures } from '../bench/figures-recorded.ts';
import { short, whole } from '../bench/summary.ts';
import type { Recovery } from '../faults/recovery.ts';
import { readRecord, type RecordName } from '../support/record.ts';
import { alertRules, type Rule } from './alerts-part.ts';

/** What the hub promises. The bound stands in the rule of the alert and nowhere else. */
export interface Objective {
  readonly what: string;
  /** The alert that fires when the promise is broken, and the part of it that holds the bound in seconds. */
  readonly alert: string;
  readonly boundOf: (rule: Rule) => number;
  readonly unit: 's' | 'events';
  /** The record that shows whether it was kept. */
  readonly record: RecordName;
  /** The worst of all recorded figures, and what must be said of it. */
  readonly measured: () => { readonly worst: number; readonly note: string };
}

export const OBJECTIVES: readonly Objective[] = [
  {
    what: 'from the publish to the socket, p99',
    alert: 'BelfryDeliverySlow',
    boundOf: thresholdOf,
    unit: 's',
    record: 'latency',
    measured: () => ({
      worst: worstOf(
        readRecord<RecordedFigures[]>('latency').figures,
        ({ fixed }) => (fixed?.p99 ?? 0) / 1_000,
      ),
      note: '',
    }),
  },
  {
    what: 'after a fault is over: until every client hears again',
    alert: 'BelfryEventsDoNotFlow',
    boundOf: patienceOf,
    unit: 's',
    record: 'recovery',
    measured: () => ({ worst: worstOf(recoveries(), ({ heardAgainMs }) => heardAgainMs / 1_000), note: '' }),
  },
  {
    what: 'after a fault is over: until every publisher is accepted again',
    alert: 'BelfryPublishesRefused',
    boundOf: patienceOf,
    unit: 's',
    record: 'recovery',
    measured: () => ({
      worst: worstOf(recoveries(), ({ acceptedAgainMs }) => acceptedAgainMs / 1_000),
      note: '',
    }),
  },
  {
    what: 'accepted events that a client misses, hears twice or hears out of order, and is not told of',
    alert: 'BelfryEventsMissed',
    boundOf: thresholdOf,
    unit: 'events',
    record: 'recovery',
    measured: () => ({
      worst: worstOf(recoveries(), ({ wrong }) => wrong),
      note: ` of ${whole(sumOf(({ events }) => events))}, in ${whole(sumOf(({ deliveries }) => deliveries))} deliveries`,
    }),
  },
];

/** The promise and what was measured, as they are shown. */
export function shownOf(objective: Objective): { readonly promised: string; readonly found: string } {
  const { unit, measured } = objective;
  const [bound, { worst }] = [boundOf(objective), measured()];
  return unit === 's'
    ? { promised: `at most ${bound} s`, found: `${short(worst)} s` }
    : { promised: bound === 0 ? 'none' : whole(bound), found: whole(worst) };
}

export function boundOf({ alert, boundOf: read }: Objective): number {
  const rule = alertRules().find((each) => each.alert === alert);
  if (rule === undefined)
    throw new Error(`deploy/alerts.yml has no alert ${alert}, which an objective names.`);
  return read(rule);
}

/** The number with which the expression of the alert compares. */
function thresholdOf({ alert, expr }: Rule): number {
  const [, threshold] = /> ([\d.]+)\s*$/.exec(expr) ?? [];
  if (threshold === undefined) throw new Error(`The expression of ${alert} does not end with "> <number>".`);
  return Number(threshold);
}

/** How long the alert waits before it fires, in seconds. */
function patienceOf({ alert, for: lasts = '' }: Rule): number {
  const [, count, unit] = /^(\d+)([sm])$/.exec(lasts) ?? [];
  if (count === undefined) throw new Error(`${alert} has no "for" in seconds or minutes.`);
  return Number(count) * (unit === 'm' ? 60 : 1);
}

function recoveries(): readonly Recovery[] {
  return readRecord<Recovery[]>('recovery').figures;
}

function sumOf(countOf: (recovery: Recovery) => number): number {
  return recoveries().reduce((sum, recovery) => sum + countOf(recovery), 0);
}

function worstOf<T>(figures: readonly T[], numberOf: (figure: T) => number): number {
  return Math.max(...figures.map(numberOf));
}

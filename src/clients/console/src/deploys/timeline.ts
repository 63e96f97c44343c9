import { isEnded, type Run, type Step } from '../../../runs/runs.ts';

/** A step as a bar. The numbers are parts of the whole width, from 0 to 1. */
export interface Bar {
  readonly step: Step;
  readonly from: number;
  readonly to: number;
  readonly durationMs: number;
}

/** A step that took no time that can be seen has a bar all the same. */
const LEAST = 0.005;

/** When the run ended, or now while it goes on, in milliseconds since 1970. */
export function endOf(run: Pick<Run, 'status' | 'endedAt' | 'beganAt'>, now: number): number {
  const end = isEnded(run) ? Date.parse(run.endedAt ?? run.beganAt) : now;
  return Math.max(end, Date.parse(run.beganAt));
}

export function durationOf(run: Pick<Run, 'status' | 'endedAt' | 'beganAt'>, now: number): number {
  return endOf(run, now) - Date.parse(run.beganAt);
}

/**
 * The steps of a run as bars over its time. A step whose system says how long it took, and tells of it only at its end, began
 * that long before its end.
 */
export function barsOf(run: Run, now: number): readonly Bar[] {
  const times = run.steps.map((step) => {
    const end = Math.min(endOf(step, now), endOf(run, now));
    const told = Date.parse(step.beganAt);
    const begin = step.durationMs === undefined ? told : Math.min(told, end - step.durationMs);
    return { step, begin, end: Math.max(end, begin) };
  });
  const first = Math.min(Date.parse(run.beganAt), ...times.map(({ begin }) => begin));
  const last = Math.max(endOf(run, now), ...times.map(({ end }) => end));
  const width = Math.max(1, last - first);
  return times.map(({ step, begin, end }) => {
    const from = Math.min((begin - first) / width, 1 - LEAST);
    return {
      step,
      from,
      to: Math.max((end - first) / width, from + LEAST),
      durationMs: step.durationMs ?? end - begin,
    };
  });
}

/** A duration as a person says it: `850 ms`, `12.5 s`, `3 min 5 s`, `2 h 10 min`. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1_000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

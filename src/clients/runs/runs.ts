import type { HubEvent } from '../sdk/item.ts';
import { readReport, type Report, type Status, type StepReport } from './reports.ts';

/** A step of a run, as far as it is known. */
export interface Step {
  readonly name: string;
  readonly status: Status;
  readonly percent?: number | undefined;
  readonly durationMs?: number | undefined;
  readonly message?: string | undefined;
  /** The times of the events that named it first, and that told its end, as RFC 3339. */
  readonly beganAt: string;
  readonly endedAt?: string | undefined;
}

/** A deploy, a deployment, a task, a batch or a workflow, or a container from its start to its end. */
export interface Run {
  /** What its events are about: their type and key. */
  readonly topic: string;
  /** What it is, and of what: `deploy myapp`. */
  readonly name: string;
  /** Tells runs of one topic apart, where the events do. */
  readonly id: string;
  readonly status: Status;
  readonly percent?: number | undefined;
  readonly message?: string | undefined;
  /** How many steps it has, and how many of them are done, where the events say so. */
  readonly total?: number | undefined;
  readonly completed?: number | undefined;
  readonly steps: readonly Step[];
  /** The times of the events that named it first, and that told its end, as RFC 3339. */
  readonly beganAt: string;
  readonly endedAt?: string | undefined;
}

/** What an event changed: a step of a run, or the run itself. */
export interface Change {
  readonly time: string;
  readonly run: string;
  readonly step: string | null;
  readonly status: Status;
  readonly percent: number | null;
  readonly durationMs: number | null;
  readonly message: string | null;
}

/** So many runs are known at once. The oldest is forgotten first. */
const MAX_RUNS = 1_000;
const ENDS: ReadonlySet<Status> = new Set(['done', 'failed', 'stopped']);

/** Makes runs and their steps of the events that tell of them, whichever system they are from. */
export class Runs {
  readonly #runs = new Map<string, Run>();

  /** The run that the event is about, after it, and what it changed; `undefined` where it tells of no run. */
  apply(event: HubEvent): { readonly run: Run; readonly changes: readonly Change[] } | undefined {
    const report = readReport(event);
    if (report === undefined) return undefined;
    const topic = `${event.type} ${event.key}`;
    const known = this.#runs.get(topic);
    // What comes late of a run that has ended changes nothing.
    if (known !== undefined && isEnded(known) && !beginsAnew(known, report))
      return { run: known, changes: [] };
    const before =
      known === undefined || beginsAnew(known, report) ? begun(topic, event.time, report) : known;
    const run = after(before, event.time, report);
    this.#runs.delete(topic);
    this.#runs.set(topic, run);
    const [oldest] = this.#runs.keys();
    if (this.#runs.size > MAX_RUNS && oldest !== undefined) this.#runs.delete(oldest);
    return { run, changes: changesOf(event.time, before === known ? known : undefined, run) };
  }
}

export function isEnded({ status }: { readonly status: Status }): boolean {
  return ENDS.has(status);
}

/** Another saga, or one without a name after the end of the one before, is another run. */
function beginsAnew(known: Run, { id, status }: Report): boolean {
  if (id !== undefined && known.id !== '' && id !== known.id) return true;
  return isEnded(known) && (id === undefined || known.id === '') && !ENDS.has(status ?? 'done');
}

function begun(topic: string, beganAt: string, { name, id = '' }: Report): Run {
  return { topic, name, id, status: 'running', steps: [], beganAt };
}

function after(run: Run, time: string, report: Report): Run {
  const { id = run.id, status = run.status, percent = run.percent, total = run.total } = report;
  const { completed = run.completed, message = run.message, current } = report;
  let steps = run.steps;
  for (const step of report.steps ?? []) steps = withStep(steps, time, step);
  // A system that names the step that runs now says thereby that the others are over.
  if (current !== undefined)
    steps = steps.map((step) =>
      step.name !== current && step.status === 'running' ? { ...step, status: 'done', endedAt: time } : step,
    );
  if (ENDS.has(status))
    steps = steps.map((step) => (ENDS.has(step.status) ? step : { ...step, status, endedAt: time }));
  const { topic, beganAt } = run;
  const endedAt = ENDS.has(status) ? (run.endedAt ?? time) : undefined;
  return {
    topic,
    name: report.name,
    id,
    status,
    percent,
    total,
    completed,
    message,
    steps,
    beganAt,
    endedAt,
  };
}

function withStep(
  steps: readonly Step[],
  time: string,
  { name, status = 'running', ...more }: StepReport,
): Step[] {
  const known = steps.find((step) => step.name === name);
  const endedAt = ENDS.has(status) ? (known?.endedAt ?? time) : undefined;
  const next = { beganAt: time, ...known, ...more, name, status, endedAt };
  return known === undefined ? [...steps, next] : steps.map((step) => (step === known ? next : step));
}

function changesOf(time: string, before: Run | undefined, run: Run): Change[] {
  const rows = [run, ...run.steps].map((each) => rowOf(time, run, each));
  if (before === undefined) return rows;
  const old = new Set([before, ...before.steps].map((each) => JSON.stringify(rowOf(time, before, each))));
  const isStep = ({ step }: Change): boolean => step !== null;
  // The run stands behind its steps, so that the last line says how it ended.
  return rows
    .filter((row) => !old.has(JSON.stringify(row)))
    .toSorted((a, b) => Number(isStep(b)) - Number(isStep(a)));
}

function rowOf(time: string, run: Run, each: Run | Step): Change {
  const { status, percent = null, message = null } = each;
  const step = each === run ? null : each.name;
  const durationMs = 'durationMs' in each ? (each.durationMs ?? null) : null;
  return { time, run: run.name, step, status, percent, durationMs, message };
}

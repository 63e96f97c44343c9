import { parseJson } from '../json/json-tree.ts';

/** A connection that would hear an event. */
export interface Hearer {
  readonly connection: string;
  readonly address: string;
  readonly principal: string;
  readonly dialect: string;
  readonly node: string;
  readonly outcome: 'sent' | 'queued' | 'depends_on_event';
  readonly why: readonly { readonly rule: string; readonly detail: string }[];
}

/** What would become of one event. */
export interface DryRun {
  /** The event as it would stand in the log, as JSON. */
  readonly event: string;
  readonly topic: string;
  readonly total: number;
  /** The nodes that did not answer. */
  readonly silent: readonly string[];
  /** Absent for those who are not told who would hear it. */
  readonly connections?: readonly Hearer[];
}

/** Reads the answer, in which the events keep their digits. */
export function dryRunsIn(answer: string): readonly DryRun[] {
  return parseJson(answer).items.map((item) => {
    const rest = item.members.filter(({ name }) => name !== 'event');
    const about = Object.fromEntries(
      rest.map(({ name, value }) => [name, JSON.parse(value.text) as unknown]),
    );
    return { ...about, event: item.get('event')?.text ?? 'null' } as DryRun;
  });
}

/** Which texts were retried from this page, so that one that comes back can be told. */
import type { Letter } from './letter.ts';

/** How many are remembered. */
const KEPT = 1_000;
/** As many characters of a text are compared as the list shows. */
const COMPARED = 200;

const retried = new Map<string, string>();

export function rememberRetried({ id, event }: Pick<Letter, 'id' | 'event'>): void {
  retried.set(event.slice(0, COMPARED), id);
  const [oldest] = retried.keys();
  if (retried.size > KEPT && oldest !== undefined) retried.delete(oldest);
}

/** Whether it begins like one that was retried before. A letter that is refused again comes back under a later id. */
export function wasRetried({ id, event }: Pick<Letter, 'id' | 'event'>): boolean {
  const before = retried.get(event.slice(0, COMPARED));
  return before !== undefined && isAfter(id, before);
}

function isAfter(one: string, other: string): boolean {
  const [ms = 0, sequence = 0] = one.split('-').map(Number);
  const [otherMs = 0, otherSequence = 0] = other.split('-').map(Number);
  return ms > otherMs || (ms === otherMs && sequence > otherSequence);
}

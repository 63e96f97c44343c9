import type { Fault } from '../json/json-fault.ts';

/** A place in a text that is marked, with what is to be said about it. */
export interface Mark extends Fault {
  readonly tone?: 'error' | 'warning';
}

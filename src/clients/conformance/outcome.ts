export type State = 'passed' | 'failed' | 'skipped';

/** What came of one check. */
export interface Result {
  readonly dialect: string;
  readonly check: string;
  readonly state: State;
  readonly says: string;
  readonly place: string;
  readonly ms: number;
  /** Why it failed or was skipped, or a remark. */
  readonly detail?: string;
  /** Of a failed check: what was sent to the server. */
  readonly sent?: readonly string[];
  /** Of a failed check: what the server sent. */
  readonly came?: readonly string[];
}

/** The server does not do what the document says. The message says what was expected. */
export class Failed extends Error {}

/** The check says nothing about this server. The message says why. */
export class Skipped extends Error {}

/** @throws Failed unless the condition holds */
export function expect(condition: boolean, expected: string): asserts condition {
  if (!condition) throw new Failed(expected);
}

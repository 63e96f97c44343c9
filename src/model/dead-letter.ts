import type { Cursor } from './cursor.ts';

/** What somebody has put into the ingress and cannot be accepted. */
export interface DeadLetter {
  /** Its place among the dead letters. */
  readonly id: Cursor;
  /** The id that it had in the ingress. */
  readonly entry: string;
  /** When it was refused. */
  readonly time: string;
  /** The code of the error, and what it said. */
  readonly reason: string;
  readonly message: string;
  /** What was to be the event, as it was written but for what is masked. */
  readonly event: string;
}

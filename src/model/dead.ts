import type { Cursor } from './cursor.ts';

/** What somebody has put into the inbox and cannot be accepted. */
export interface DeadEntry {
  /** Its place among the dead. */
  readonly id: Cursor;
  /** The id that it had in the inbox. */
  readonly entry: string;
  /** When it was refused. */
  readonly time: string;
  /** The code of the error, and what it said. */
  readonly reason: string;
  readonly message: string;
  /** What was to be the event, as it was written but for what is masked. */
  readonly event: string;
}

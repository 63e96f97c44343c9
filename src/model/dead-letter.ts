import type { Cursor } from './cursor.ts';

/** An entry of the ingress that could not be accepted. */
export interface DeadLetter {
  /** Its position among the dead letters. */
  readonly id: Cursor;
  /** The id of the entry in the ingress. */
  readonly entry: string;
  /** When the entry was refused. */
  readonly time: string;
  /** The code and the message of the error. */
  readonly reason: string;
  readonly message: string;
  /** The text that should have been the event, as it was written except for masked values. */
  readonly event: string;
}

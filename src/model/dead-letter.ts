import type { Cursor } from './cursor.ts';

/** An entry of the ingress that could not be accepted, or an event that a sink could not deliver. */
export interface DeadLetter {
  /** Its position among the dead letters. */
  readonly id: Cursor;
  /** The id of the entry in the ingress, or of the event in the log. */
  readonly entry: string;
  /** When the entry was refused, or the event given up. */
  readonly time: string;
  /** The code and the message of the error. */
  readonly reason: string;
  readonly message: string;
  /** The text that should have been the event, as it was written except for masked values. */
  readonly event: string;
  /** The name of the sink that could not deliver the event. Absent for an entry of the ingress. */
  readonly sink?: string;
}

/** An event that a sink could not deliver. */
export type UndeliveredEvent = Omit<DeadLetter, 'id' | 'time' | 'sink'> & { readonly sink: string };

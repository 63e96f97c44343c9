/** A dead letter in the list. */
export interface ListedLetter {
  readonly id: string;
  /** When it was refused, as RFC 3339. */
  readonly time: string;
  /** The code of the error. */
  readonly reason: string;
  readonly message: string;
  /** The beginning of its text. */
  readonly event: string;
  /** How many bytes the whole text has. */
  readonly bytes: number;
  /** The sink that could not deliver it. Absent for what the ingress could not accept. */
  readonly sink?: string;
}

/** A dead letter with its whole text. */
export type Letter = Omit<ListedLetter, 'bytes'>;

export interface LetterPage {
  readonly letters: readonly ListedLetter[];
  /** How many dead letters there are. */
  readonly total: number;
  /** Where the next page begins, or `undefined` after the last one. */
  readonly next: number | undefined;
}

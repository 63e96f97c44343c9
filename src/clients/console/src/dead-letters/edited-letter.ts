import { HubError } from '@belfry/client';

export interface EditedLetter {
  readonly id: string;
  /** The text that is published in its place. */
  readonly text: string;
}

/** How an edited text is sent, and how the letter is deleted. */
export interface Sending {
  readonly publish: (request: { readonly text: string }, key: string) => Promise<readonly string[]>;
  readonly remove: (id: string) => Promise<void>;
}

/**
 * Publishes the edited text, and then deletes the dead letter. The idempotency key is made of the id, so a repetition after the
 * first half does not publish a second time. Resolves with the ids of the events.
 * @throws HubError the refusal of the hub; `idempotency_key_reused` if another text was published for this letter before
 */
export async function sendEdited({ id, text }: EditedLetter, sending: Sending): Promise<readonly string[]> {
  const ids = await sending.publish({ text }, keyOf(id));
  try {
    await sending.remove(id);
  } catch (error) {
    // Somebody else has deleted it, or an answer was lost and this is the repetition.
    if (!(error instanceof HubError && error.code === 'not_found')) throw new HalfSent(ids, error);
  }
  return ids;
}

/** The text was published, and the letter is still there. */
export class HalfSent extends Error {
  override readonly name = 'HalfSent';

  constructor(ids: readonly string[], cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(
      `The text was published as ${ids.join(', ')}, but the dead letter is not deleted yet: ${why} Press again within five minutes: it is published only once.`,
      { cause },
    );
  }
}

export function keyOf(id: string): string {
  return `dead-letter-${id}`;
}

import { HubError } from '@belfry/client';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { queries } from '../queries.ts';
import { dryRun, publish } from '../publish/publish-request.ts';
import type { DryRun } from '../publish/dry-run.ts';
import { HalfSent, sendEdited } from './edited-letter.ts';
import { deleteLetter, readLetter, retryLetter } from './letters.ts';
import type { Letter } from './letter.ts';
import { rememberRetried } from './retried.ts';
import { lettersChanged } from './use-letters.ts';

export type LetterOutcome =
  | { readonly kind: 'failed'; readonly error: Error; readonly text: string | undefined }
  | { readonly kind: 'tried'; readonly runs: readonly DryRun[] };

export interface LetterActions {
  readonly letter: Letter | undefined;
  readonly error: Error | null;
  readonly readAgain: () => void;
  readonly isPending: boolean;
  readonly outcome: LetterOutcome | undefined;
  readonly retry: () => void;
  readonly remove: () => void;
  /** Publishes a text in its place, and deletes it. */
  readonly send: (text: string) => void;
  readonly dryRun: (text: string) => void;
}

/** How soon a letter that is refused again is in the list. */
const BACK_AFTER_MS = 1_500;

/** One dead letter, and what can be done with it. `onGone` is called with a sentence once it is no longer there. */
export function useLetter(id: string, onGone: (said: string) => void): LetterActions {
  const query = useQuery({
    queryKey: ['dead-letter', id],
    queryFn: ({ signal }) => readLetter(id, signal),
    staleTime: Infinity,
  });
  const letter = query.data;
  const [outcome, setOutcome] = useState<LetterOutcome>();
  const [isPending, setPending] = useState(false);
  const busy = useRef(false);

  const run = async (act: () => Promise<void>, text?: string): Promise<void> => {
    if (busy.current) return;
    busy.current = true;
    setPending(true);
    setOutcome(undefined);
    try {
      await act();
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      setOutcome({ kind: 'failed', error, text });
      if (error instanceof HalfSent || (error instanceof HubError && error.code === 'not_found'))
        lettersChanged();
    } finally {
      busy.current = false;
      setPending(false);
    }
  };
  const gone = (said: string): void => {
    onGone(said);
    queries.removeQueries({ queryKey: ['dead-letter', id] });
    lettersChanged();
  };

  return {
    letter,
    error: query.error,
    readAgain: () => void query.refetch(),
    isPending,
    outcome,
    retry: () =>
      void run(async () => {
        await retryLetter(id);
        if (letter !== undefined) rememberRetried(letter);
        gone(
          letter?.sink === undefined
            ? 'It is back in the ingress. If it is refused again, it comes back as the last of the list.'
            : `The sink ${letter.sink} delivers it again. It stays in the list until that has succeeded.`,
        );
        setTimeout(lettersChanged, BACK_AFTER_MS);
      }),
    remove: () =>
      void run(async () => {
        await deleteLetter(id);
        gone('It is deleted.');
      }),
    send: (text) =>
      void run(async () => {
        const ids = await sendEdited({ id, text }, { publish, remove: deleteLetter });
        gone(`It is published as ${ids.join(', ')}, and the dead letter is deleted.`);
      }, text),
    dryRun: (text) => void run(async () => setOutcome({ kind: 'tried', runs: await dryRun({ text }) }), text),
  };
}

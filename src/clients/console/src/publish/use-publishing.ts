import { HubError } from '@belfry/client';
import { useRef, useState } from 'react';
import type { Analysis } from './analysis.ts';
import type { Draft } from './draft.ts';
import type { DryRun } from './dry-run.ts';
import { dryRun, publish } from './publish-request.ts';
import { keepSent, useSent } from './sent-store.ts';
import { titleOf } from './topic.ts';

/** What became of a text. */
export type PublishOutcome = { readonly text: string } & (
  | { readonly kind: 'published'; readonly ids: readonly string[]; readonly isRepeated: boolean }
  | { readonly kind: 'tried'; readonly runs: readonly DryRun[] }
  | { readonly kind: 'refused'; readonly error: HubError }
);

export interface Publishing {
  readonly outcome: PublishOutcome | undefined;
  readonly isPending: boolean;
  readonly publish: () => void;
  readonly dryRun: () => void;
}

/** Publishes a draft, or tries what would become of it. One thing at a time. */
export function usePublishing(draft: Draft, { events, fields, ignoreCase }: Analysis): Publishing {
  const [outcome, setOutcome] = useState<PublishOutcome>();
  const [isPending, setPending] = useState(false);
  const busy = useRef(false);
  const sent = useSent();
  const { dialect, text, key } = draft;

  const run = async (act: () => Promise<PublishOutcome>): Promise<void> => {
    if (busy.current) return;
    busy.current = true;
    setPending(true);
    try {
      setOutcome(await act());
    } catch (error) {
      const refusal = error instanceof HubError ? error : new HubError('lost', String(error));
      setOutcome({ kind: 'refused', text, error: refusal });
    } finally {
      busy.current = false;
      setPending(false);
    }
  };

  return {
    outcome,
    isPending,
    publish: () =>
      void run(async () => {
        const ids = await publish(draft, key);
        const isRepeated = sent.some((each) => each.key === key && each.ids[0] === ids[0]);
        const titles = events.map((event) => titleOf(event, fields, ignoreCase));
        if (!isRepeated) keepSent({ key, at: new Date().toISOString(), dialect, text, titles, ids });
        return { kind: 'published', text, ids, isRepeated };
      }),
    dryRun: () => void run(async () => ({ kind: 'tried', text, runs: await dryRun(draft) })),
  };
}

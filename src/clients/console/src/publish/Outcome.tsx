import { CircleCheck } from 'lucide-react';
import type { ReactElement } from 'react';
import { Link } from 'wouter';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { DryRunView } from './DryRunView.tsx';
import type { PublishOutcome } from './use-publishing.ts';

/** The ids that are named of a publish of many events. */
const NAMED = 5;

export interface OutcomeProps {
  readonly outcome: PublishOutcome | undefined;
  /** The text as it is now. */
  readonly text: string;
  readonly onRetry: () => void;
}

/** What the hub answered. */
export function Outcome({ outcome, text, onRetry }: OutcomeProps): ReactElement | null {
  if (outcome === undefined) return null;
  const isOld = outcome.text !== text;
  return (
    <section aria-label="Answer of the hub" aria-live="polite" className="flex flex-col gap-2">
      {isOld && <p className="text-muted">The text was changed since the hub answered this:</p>}
      {outcome.kind === 'refused' && <Refused outcome={outcome} {...(!isOld && { onRetry })} />}
      {outcome.kind === 'published' && <Published outcome={outcome} />}
      {outcome.kind === 'tried' && <DryRunView runs={outcome.runs} />}
    </section>
  );
}

function Refused({
  outcome: { error },
  onRetry,
}: {
  readonly outcome: Extract<PublishOutcome, { readonly kind: 'refused' }>;
  readonly onRetry?: () => void;
}): ReactElement {
  const mayHelp = /^(?:lost|unavailable|outcome_unknown|reads_exceeded)$/.test(error.code);
  return (
    <div className="flex flex-col gap-1">
      <ErrorNote error={error} {...(mayHelp && onRetry !== undefined && { retry: onRetry })} />
      {/^(?:lost|outcome_unknown)$/.test(error.code) && onRetry !== undefined && (
        <p className="text-muted">
          It may have been published. Try again: under the same key it is published once, within five minutes.
        </p>
      )}
    </div>
  );
}

function Published({
  outcome: { ids, isRepeated },
}: {
  readonly outcome: Extract<PublishOutcome, { readonly kind: 'published' }>;
}): ReactElement {
  return (
    <div className="flex items-start gap-2 rounded-md bg-good-tint px-3 py-2 text-good">
      <CircleCheck aria-hidden className="mt-0.5 size-4 shrink-0" />
      <p className="flex min-w-0 flex-wrap gap-x-2">
        {isRepeated
          ? 'This was published before under this key, so it was not published again. Take a new key to publish it once more.'
          : `Published ${ids.length === 1 ? 'as' : `${ids.length} events:`}`}
        {ids.slice(0, NAMED).map((id) => (
          <Link
            key={id}
            href={`/live/event/${id}`}
            className="font-mono underline"
            title="Open in the Inspector"
          >
            {id}
          </Link>
        ))}
        {ids.length > NAMED && `and ${ids.length - NAMED} more`}
      </p>
    </div>
  );
}

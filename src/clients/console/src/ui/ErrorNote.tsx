import { HubError } from '@belfry/client';
import { TriangleAlert } from 'lucide-react';
import type { ReactElement } from 'react';
import { BASE } from '../session/base.ts';

/** What went wrong, in the words of the hub, and where to read more. */
export function ErrorNote({
  error,
  retry,
}: {
  readonly error: Error;
  readonly retry?: () => void;
}): ReactElement {
  const see = error instanceof HubError ? error.see : undefined;
  return (
    <div role="alert" className="flex items-start gap-2 rounded-md bg-bad-tint px-3 py-2 text-bad">
      <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
      <p className="min-w-0 break-words">
        {error.message}{' '}
        {see !== undefined && (
          <a className="underline" href={addressOf(see)} target="_blank" rel="noreferrer">
            Read more
          </a>
        )}{' '}
        {retry !== undefined && (
          <button type="button" className="underline" onClick={retry}>
            Try again
          </button>
        )}
      </p>
    </div>
  );
}

/** The hub gives a path of its own, which a proxy may serve below another one. */
function addressOf(see: string): string {
  return new URL(see.replace(/^\//, ''), BASE).href;
}

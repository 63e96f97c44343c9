import { useQuery } from '@tanstack/react-query';
import { TriangleAlert } from 'lucide-react';
import type { ReactElement } from 'react';
import { BASE } from '../session/base.ts';

const ASK_EVERY_MS = 10_000;

interface Readiness {
  readonly publishing?: boolean;
  readonly reason?: string;
}

/**
 * Says over each screen that no events flow, as while Redis is away. The connection of the page is open then, and a quiet list
 * would look as if nothing happened.
 */
export function HubFault(): ReactElement | null {
  const { data } = useQuery({ queryKey: ['readyz'], queryFn: askReadiness, refetchInterval: ASK_EVERY_MS });
  if (data == null) return null;
  return (
    <p
      role="status"
      className="pointer-events-none absolute inset-x-4 bottom-4 z-30 mx-auto flex w-fit max-w-2xl items-start gap-2 rounded-md border border-bad bg-bad-tint px-3 py-2 text-bad shadow-lg"
    >
      <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
      <span className="min-w-0 break-words">{data} The page goes on by itself when that is over.</span>
    </p>
  );
}

/** Why no events flow, or why none is accepted, or `null`. No answer at all is told by the state of the connection. */
async function askReadiness({ signal }: { readonly signal: AbortSignal }): Promise<string | null> {
  const response = await fetch(new URL('readyz', BASE), { signal, cache: 'no-store' });
  const { publishing = true, reason } = (await response.json()) as Readiness;
  if (!response.ok) return sentence(`No events flow through this hub: ${reason ?? 'it is not ready'}`);
  return publishing ? null : sentence(`The hub accepts no events: ${reason ?? 'Redis refuses them'}`);
}

/** Some reasons end with a full stop, and others do not. */
function sentence(text: string): string {
  return text.replace(/\.*$/, '.');
}

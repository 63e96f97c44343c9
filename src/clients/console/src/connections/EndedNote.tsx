import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { session } from '../session/session.ts';
import { Time } from '../ui/Time.tsx';
import { visibleText } from '../ui/visible-text.ts';
import type { Connection } from './connection.ts';

interface Page {
  readonly events: readonly { readonly time: string; readonly object: Connection }[];
}

/** The event of the end of a connection; `null` if the log does not have it. */
export function useEnd(id: string): Page['events'][number] | null | undefined {
  const { data } = useQuery({
    queryKey: ['connection ended', id],
    queryFn: async ({ signal }) => {
      const query = new URLSearchParams({
        pattern: 'connections.delete.*',
        filters: JSON.stringify({ [id.includes(':') ? 'object.RemoteAddr' : 'object.Id']: id }),
        limit: '1',
      });
      const response = await session.request(`api/v3/events?${query.toString()}`, { signal });
      return ((await response.json()) as Page).events[0] ?? null;
    },
    staleTime: Infinity,
  });
  return data;
}

/** When and how a connection ended, as far as the log tells. */
export function EndedNote({
  id,
  known,
}: {
  readonly id: string;
  readonly known: Connection | undefined;
}): ReactElement {
  const data = useEnd(id);
  const connection = known ?? data?.object;
  return (
    <div role="status" className="rounded-md bg-raised px-3 py-2">
      <p className="font-medium">This connection has ended.</p>
      <p className="text-muted">
        {connection?.Reason !== undefined && `Its node said: ${connection.Reason}. `}
        {data != null && (
          <>
            It was told at <Time at={data.time} />.{' '}
          </>
        )}
        {connection === undefined &&
          data === null &&
          'The log has no trace of it. It may be too long ago, or it was anonymous.'}
        {known === undefined &&
          data != null &&
          `It belonged to ${visibleText(data.object.Principal)}, at ${data.object.RemoteAddr} on ${data.object.Node}.`}
      </p>
    </div>
  );
}

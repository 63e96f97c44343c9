import type { ReactElement } from 'react';
import { isAdmin } from '../session/me.ts';
import { useMe } from '../session/use-session.ts';
import { Button } from '../ui/Button.tsx';
import { Empty } from '../ui/Empty.tsx';
import type { Kinds } from './connection.ts';

/** Why the list is empty, and what to do. */
export function EmptyList({
  isFiltered,
  kinds,
  onClear,
}: {
  readonly isFiltered: boolean;
  readonly kinds: Kinds;
  readonly onClear: () => void;
}): ReactElement {
  const me = useMe();
  if (isFiltered)
    return (
      <Empty title="No connection matches the filter">
        <Button onClick={onClear}>Clear the filter</Button>
      </Empty>
    );
  if (!isAdmin(me))
    return (
      <Empty title="Nobody whom you may see is connected">
        You see the principals whose event connections.create you may hear. They appear here when they
        connect.
      </Empty>
    );
  return (
    <Empty title="Nobody is connected">
      {kinds.anonymous
        ? 'A connection appears here as soon as a client opens a socket or a stream on any node.'
        : 'A connection appears here as soon as a client with a token opens a socket or a stream on any node. Switch on “Anonymous” to see those without one.'}
    </Empty>
  );
}

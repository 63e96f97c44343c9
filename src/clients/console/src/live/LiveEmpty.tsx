import type { ReactElement } from 'react';
import { Empty } from '../ui/Empty.tsx';
import type { LiveQuery } from './live-query.ts';
import type { LiveView } from './live-view.ts';

/** What an empty list means, and what to do. */
export function LiveEmpty({
  query: { patterns, filters, text },
  view,
}: {
  readonly query: LiveQuery;
  readonly view: LiveView;
}): ReactElement | null {
  const { status, end, origin, past, older } = view;
  if (end > origin || status === 'failed' || status === 'waiting') return null;
  if (patterns.length === 0)
    return (
      <Over title="Nothing to hear">You may hear nothing on this hub. An admin can give you grants.</Over>
    );
  if (status === 'loading' || past.status === 'reading') return <Over title="Reading what was …" />;
  if (past.status === 'closed')
    return <Over title="The list is cleared">What comes from now on appears here.</Over>;
  if (past.status !== 'idle' || !older.isEnd) return null;
  if (filters.length > 0 || text !== '')
    return (
      <Over title="Nothing passes">
        No event in the log passes the filters and the search. One that comes and passes appears here.
      </Over>
    );
  return (
    <Over title="No event yet">
      Publish one, and it appears here:
      <code className="mt-2 block rounded bg-raised px-2 py-1 text-text">
        belfry publish deploy.begin.myapp
      </code>
    </Over>
  );
}

/** It lies over the list, which keeps its place. */
function Over(props: Parameters<typeof Empty>[0]): ReactElement {
  return (
    <div className="pointer-events-none absolute inset-0 grid place-items-center">
      <Empty {...props} />
    </div>
  );
}

import { useCallback, useMemo, useState } from 'react';
import type { Hub } from '../hub.ts';
import { useHub } from './use-hub.ts';

/** What became of the publishes of a component. */
export interface Publishing {
  /** Whether an answer is awaited. */
  readonly pending: boolean;
  /** Why the last publish failed. It is gone with the next one. */
  readonly error: Error | undefined;
}

export function usePublish(): readonly [Hub['publish'], Publishing] {
  const hub = useHub();
  const [awaited, count] = useState(0);
  const [error, fail] = useState<Error>();
  const publish = useCallback<Hub['publish']>(
    (...args) => {
      const published = hub.publish(...args);
      count((before) => before + 1);
      fail(undefined);
      // Whoever does not look at the result sees the error all the same.
      published.catch(fail).finally(() => count((before) => before - 1));
      return published;
    },
    [hub],
  );
  const pending = awaited > 0;
  return useMemo(() => [publish, { pending, error }], [publish, pending, error]);
}

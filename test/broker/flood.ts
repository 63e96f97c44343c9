import type { Broker } from '../../src/broker/broker.ts';
import type { Cursor } from '../../src/model/cursor.ts';

/** Publishes one event after the other from now on. The returned function stops that, and answers the ids. */
export function flood(broker: Broker): () => Promise<Cursor[]> {
  const ids: Cursor[] = [];
  const end = new AbortController();
  const done = (async () => {
    while (!end.signal.aborted) {
      ids.push(
        ...(await broker.publish([{ type: 'flood', action: 'drop', key: `${ids.length}`, object: null }])),
      );
    }
  })();
  return async () => {
    end.abort();
    await done;
    return ids;
  };
}

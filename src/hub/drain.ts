import { CLOSE, type Close } from '../model/close.ts';
import type { Connection } from './connection.ts';
import type { Hub } from './hub.ts';

type Leaving = Pick<Hub, 'connections' | 'clock' | 'drained'>;

export interface DrainOptions {
  /** All are asked to leave within this time. */
  readonly windowMs: number;
  readonly why: Close;
  /** From 0 to 1. */
  readonly random: () => number;
}

/**
 * Closes every connection at a moment of its own within the window, lest all come back elsewhere at once. Each has been
 * sent what waited for it by then, or is cut as too slow. Resolves when all are closed.
 */
export async function drain(hub: Leaving, { windowMs, why, random }: DrainOptions): Promise<void> {
  const leave = async (connection: Connection): Promise<void> => {
    if (windowMs > 0)
      await new Promise<void>((resolve) => void hub.clock.after(random() * windowMs, resolve));
    await hub.drained(connection);
    connection.close(why);
  };
  await Promise.all(Array.from(hub.connections, leave));
}

/** Ends one as it should, once it has what was sent before and so much time has passed. */
export async function closeAfter(hub: Hub, connection: Connection, ms: number): Promise<void> {
  await hub.drained(connection);
  await new Promise<void>((resolve) => void hub.clock.after(ms, resolve));
  connection.close(CLOSE.normal);
}

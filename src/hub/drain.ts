import type { Clock } from '../model/clock.ts';
import { CLOSE, type Close } from '../model/close.ts';
import type { Connection } from './connection.ts';

export interface DrainOptions {
  readonly clock: Pick<Clock, 'after'>;
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
export async function drain(
  connections: Iterable<Connection>,
  { clock, windowMs, why, random }: DrainOptions,
): Promise<void> {
  const leave = async (connection: Connection): Promise<void> => {
    if (windowMs > 0) await new Promise<void>((resolve) => void clock.after(random() * windowMs, resolve));
    await connection.drained();
    connection.close(why);
  };
  await Promise.all(Array.from(connections, leave));
}

/** Ends one as it should, once it has what was sent before and so much time has passed. */
export async function closeAfter(
  clock: Pick<Clock, 'after'>,
  connection: Connection,
  ms: number,
): Promise<void> {
  await connection.drained();
  await new Promise<void>((resolve) => void clock.after(ms, resolve));
  connection.close(CLOSE.normal);
}

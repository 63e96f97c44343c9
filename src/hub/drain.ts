import type { Clock } from '../model/clock.ts';
import { CLOSE, type Close } from '../model/close-codes.ts';
import type { Connection } from './connection.ts';

export interface DrainOptions {
  readonly clock: Pick<Clock, 'after'>;
  /** Every connection is closed at some moment within this time. */
  readonly windowMs: number;
  readonly why: Close;
  /** Returns a number from 0 to 1. */
  readonly random: () => number;
}

/**
 * Closes every connection at a random moment within the window, so that the clients do not come back elsewhere all at
 * once. Each connection is sent first what waits for it, or is closed as too slow. Resolves when all are closed.
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

/** Closes one connection normally, once it has been sent what waits for it and this much time has passed. */
export async function closeAfter(
  clock: Pick<Clock, 'after'>,
  connection: Connection,
  ms: number,
): Promise<void> {
  await connection.drained();
  await new Promise<void>((resolve) => void clock.after(ms, resolve));
  connection.close(CLOSE.normal);
}

import { fromOf, orderOf, type Member } from './plan.ts';
import { order } from './positions.ts';

/** Whether an event is after what the listener was given. For a live-only event this is always true. */
export function isAfter(id: string | undefined, listener: Member): boolean {
  return id === undefined || !has(listener, id);
}

/** Whether the listener was given everything up to a position. */
export function has(listener: Member, position: string): boolean {
  const from = fromOf(listener);
  return from !== undefined && order.includes(orderOf(from), position);
}

/** Where a listener is that was given everything up to a position as well. */
export function reached(listener: Member, position: string): string {
  const from = fromOf(listener);
  return from === undefined ? position : order.laterOf(orderOf(from), position);
}

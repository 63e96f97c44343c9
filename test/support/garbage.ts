import { settled } from './connection.ts';
import { collect } from './memory-in-use.ts';

export async function collectGarbage(): Promise<void> {
  // Objects that a turn of the event loop has looked at live until the turn ends.
  await settled();
  collect();
}

/** Whether nothing refers to the object any more. */
export async function isForgotten(thing: WeakRef<object>): Promise<boolean> {
  await collectGarbage();
  return thing.deref() === undefined;
}

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { settled } from './connection.ts';

export async function collectGarbage(): Promise<void> {
  // Objects that a turn of the event loop has looked at live until the turn ends.
  await settled();
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  // The first collection gives back the memory of buffers in the background, and the second one waits for that.
  collect();
}

/** Whether nothing refers to the object any more. */
export async function isForgotten(thing: WeakRef<object>): Promise<boolean> {
  await collectGarbage();
  return thing.deref() === undefined;
}

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { settled } from './connection.ts';

/** Whether nothing holds the thing any more. */
export async function isForgotten(thing: WeakRef<object>): Promise<boolean> {
  // What a turn of the event loop has looked at lives until its end.
  await settled();
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return thing.deref() === undefined;
}

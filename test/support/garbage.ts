import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { settled } from './connection.ts';

export async function collectGarbage(): Promise<void> {
  // What a turn of the event loop has looked at lives until its end.
  await settled();
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/** Whether nothing holds the thing any more. */
export async function isForgotten(thing: WeakRef<object>): Promise<boolean> {
  await collectGarbage();
  return thing.deref() === undefined;
}

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { settled } from './connection.ts';

export async function collectGarbage(): Promise<void> {
  // What a turn of the event loop has looked at lives until its end.
  await settled();
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  // The memory of buffers is given back in the background, which the next one waits for.
  collect();
}

/** Whether nothing holds the thing any more. */
export async function isForgotten(thing: WeakRef<object>): Promise<boolean> {
  await collectGarbage();
  return thing.deref() === undefined;
}

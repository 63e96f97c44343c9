import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collects the garbage of this process. */
export function collect(): void {
  setFlagsFromString('--expose-gc');
  const collectOnce = runInNewContext('gc') as () => void;
  collectOnce();
  // The first collection gives back the memory of buffers in the background, and the second one waits for that.
  collectOnce();
}

/**
 * The bytes that something in this process still refers to, in the heap of V8 and outside of it. What the system says is
 * more: V8 keeps for later what a load once needed.
 */
export function memoryInUse(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

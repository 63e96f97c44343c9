import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

export interface Cost {
  /** Time of the processor, since other work of the machine does not count. */
  readonly cpuMs: number;
  /** Memory that the run took and that was not given back by its end. */
  readonly bytes: number;
}

/**
 * The cost of a run: the least of several runs, since the first of a kind also compiles. An error that it throws
 * counts as its answer.
 */
export function costOf(run: () => unknown, times = 3): Cost {
  const costs = Array.from({ length: times }, () => once(run));
  return {
    cpuMs: Math.min(...costs.map(({ cpuMs }) => cpuMs)),
    bytes: Math.min(...costs.map(({ bytes }) => bytes)),
  };
}

function once(run: () => unknown): Cost {
  collect();
  const memory = taken();
  const cpu = process.cpuUsage();
  let kept: unknown;
  try {
    kept = run();
  } catch (error) {
    kept = error;
  }
  const { user, system } = process.cpuUsage(cpu);
  const bytes = Math.max(0, taken() - memory);
  return { cpuMs: (user + system) / 1_000, bytes: kept === collect ? 0 : bytes };
}

function taken(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

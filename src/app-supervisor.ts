import cluster from 'node:cluster';
import type { Logger } from 'pino';
import type { Config } from './config/config.ts';
import { bound } from './model/bound.ts';
import { systemClock } from './model/clock.ts';
import { Supervisor } from './workers/supervisor.ts';
import type { Ended, WorkerEvents, WorkerProcess } from './workers/worker-slot.ts';

/** Beyond the window and the timeout of its drain, a worker hands over to other nodes and writes its log. */
const ENDS_MS = bound(
  'time for a worker to end once its drain is over',
  10_000,
  'ms',
  'the worker is killed, and others take over what it held',
);
/** What stands behind the name, a hyphen and a number, must fit as well. */
const NAME_CHARACTERS = 97;

/**
 * The supervisor of the workers of this process. It opens the listeners and hands each connection to the next worker, so none
 * is lost when a worker ends. It holds no connection itself.
 */
export function supervisorOf(config: Config, log: Logger): Supervisor {
  cluster.schedulingPolicy = cluster.SCHED_RR;
  const { node, workers: count, drainTimeoutMs } = config;
  const endsWithinMs = drainTimeoutMs + ENDS_MS;
  const launch = (number: number, events: WorkerEvents): WorkerProcess =>
    fork({ BELFRY_NODE: `${node.slice(0, NAME_CHARACTERS)}-${number}` }, events);
  return new Supervisor({ count, launch, clock: systemClock, log, endsWithinMs });
}

/** Starts the same command as a worker. If the supervisor is killed, `node:cluster` ends the worker. */
function fork(env: Readonly<Record<string, string>>, { heard, ended }: WorkerEvents): WorkerProcess {
  const worker = cluster.fork(env);
  let hasEnded = false;
  const end = (how: Ended): void => {
    if (!hasEnded) ended(how);
    hasEnded = true;
  };
  worker.on('message', heard);
  worker.once('exit', (code: number | null, signal: string | null) => end({ code, signal }));
  // The process could not be started.
  worker.on('error', () => {
    if (worker.process.pid === undefined) end({ code: null, signal: null });
  });
  return {
    pid: worker.process.pid,
    // With a callback, a message to a process that has ended is lost without an error.
    send: (message) => void worker.send(message, () => {}),
    kill: () => void worker.process.kill('SIGKILL'),
  };
}

import type { Logger } from 'pino';
import { endLog } from './app-log.ts';
import { startApp, type App } from './app.ts';
import type { Config } from './config/config.ts';
import { CLOSE } from './model/close-codes.ts';
import { systemClock } from './model/clock.ts';
import type { StopOrder } from './workers/messages.ts';
import { WorkerLink, type SupervisorChannel } from './workers/worker-link.ts';

/**
 * Runs one of the workers of `belfry serve --workers`: a node that shares its listeners with the others. It ends when its
 * supervisor tells it to, when it gets SIGTERM or SIGHUP itself, and at once when the supervisor has gone.
 * @throws BelfryError `config_invalid` or `unavailable`, when it cannot start
 */
export async function runWorker(config: Config, log: Logger): Promise<void> {
  let app: App | undefined;
  const stop = ({ windowMs, why, alone }: StopOrder): void => {
    const gone = app?.stop(windowMs, why, alone) ?? Promise.resolve();
    void gone.then(() => endLog(log)).then(() => process.exit(0));
  };
  const link = new WorkerLink(channel(), systemClock, stop);
  endOnSignals(config, stop);
  const begun = await link.begun;
  app = await startApp(config, log, systemClock, undefined, undefined, { ...begun, link });
  log.info({ worker: begun.number, pid: process.pid, ...app.started }, 'started');
  link.up(app.certificate);
  // The workers share what is built.
  if (begun.number === 1 && process.env['npm_lifecycle_event'] === 'start') app.buildConsole();
}

function channel(): SupervisorChannel {
  return {
    // With a callback, a message to a supervisor that has gone is lost without an error; this process ends anyway.
    send: (message) => void process.send?.(message, () => {}),
    hear: (heard) => void process.on('message', heard),
  };
}

/** An operator may end one worker. The supervisor then starts another one in its place. */
function endOnSignals({ drainWindowMs: windowMs }: Config, stop: (order: StopOrder) => void): void {
  let isEnding = false;
  const endWith = (why: StopOrder['why']) => (): void => {
    // A second signal ends the process at once.
    if (isEnding) process.exit(1);
    isEnding = true;
    stop({ windowMs, why, alone: true });
  };
  process.on('SIGTERM', endWith(CLOSE.draining));
  process.on('SIGHUP', endWith(CLOSE.restart));
  // A terminal sends SIGINT to the supervisor and its workers at once. The supervisor tells the workers.
  process.on('SIGINT', () => {});
}

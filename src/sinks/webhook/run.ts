import { setMaxListeners } from 'node:events';
import { note, untilStopped, withHub } from '../../clients/cli/command.ts';
import { CommandError } from '../../clients/cli/errors.ts';
import type { TargetOptions } from '../../clients/cli/target.ts';
import { systemEnvironment } from '../../clients/sdk/environment.ts';
import type { Filters } from '../../clients/sdk/match.ts';
import type { Receiver } from '../../clients/webhooks/delivery.ts';
import { systemClock } from '../../model/clock.ts';
import { startHealthServer } from '../../sources/health-server.ts';
import { PartsHealth } from '../../sources/health.ts';
import { Leadership } from '../../sources/leadership.ts';
import type { ListenAddress } from '../../sources/options.ts';
import { HubProgress } from './hub-progress.ts';
import { SinkMetrics } from './metrics.ts';
import { Undelivered } from './undelivered.ts';
import { WebhookSink } from './webhook-sink.ts';

export interface WebhookSinkRun extends TargetOptions {
  readonly name: string;
  readonly patterns: readonly string[];
  readonly filters: Filters | undefined;
  readonly since: string | undefined;
  readonly receiver: Receiver;
  readonly retryForMs: number;
  readonly keysAtATime: number;
  readonly listen?: ListenAddress;
}

/** Delivers until somebody ends it, while this replica holds the lease of the sink. @throws CommandError, HubError */
export function runWebhookSink(options: WebhookSinkRun): Promise<void> {
  return withHub(options, async (session) => {
    const { name, receiver, listen } = options;
    const { host } = receiver.url;
    const health = new PartsHealth();
    let sink: WebhookSink | undefined;
    const metrics = new SinkMetrics(
      name,
      () => sink?.counts.waiting ?? 0,
      () => health.isReady,
    );
    const server = listen && (await startHealthServer(listen, health, metrics.registry));
    if (server !== undefined) note(`serving /healthz, /readyz and /metrics at port ${server.port}`);
    session.tellState(note);
    session.hub.onState(({ status, reason }) => {
      if (status === 'open') health.caughtUp('hub');
      else if (status === 'waiting') health.behind('hub', reason?.text ?? 'There is no connection.');
    });
    const stopped = untilStopped();
    let fault: { readonly error: unknown } | undefined;
    const failed = new AbortController();
    const fatal = (error: unknown): void => {
      fault ??= { error };
      failed.abort();
    };
    const gone = new CommandError('refused', `${host} wants no more events: it answered with 410.`);
    const ended = AbortSignal.any([stopped, failed.signal]);
    setMaxListeners(0, ended);
    const timing = systemEnvironment();
    const { registry } = metrics;
    const leadership = new Leadership({
      of: 'sink',
      name,
      session,
      signal: ended,
      health,
      metrics: registry,
      clock: systemClock,
      random: Math.random,
      note,
    });
    try {
      await leadership.lead(async ({ signal, lease }) => {
        setMaxListeners(0, signal);
        // What is written after another process took over is refused.
        const publish: typeof session.publish = (body, key, more) =>
          session.publish(body, key, { ...more, lease });
        const common = { name, note, fatal, signal };
        sink = new WebhookSink({
          ...options,
          ...common,
          session,
          timing,
          progress: new HubProgress({
            ...common,
            receiver: host,
            session: { ask: (...asked) => session.ask(...asked), publish },
            clock: timing.clock,
          }),
          undelivered: new Undelivered({ ...common, session }),
          gone: () => fatal(gone),
          onGap: () => metrics.gap(),
          told(attempt) {
            const { error, event, againMs } = attempt;
            metrics.attempted(attempt);
            if (error === null) return health.caughtUp('receiver');
            health.behind('receiver', `${host}: ${error}`);
            note(
              `${event.type}.${event.action}.${event.key} ${event.id ?? ''}: ${error}; ${againMs === null ? 'given up' : `again in ${againMs} ms`}`,
            );
          },
        });
        await sink.run();
      });
    } finally {
      server?.close();
    }
    if (fault !== undefined) throw (fault as { error: unknown }).error;
  });
}

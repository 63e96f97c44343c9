import { setMaxListeners } from 'node:events';
import { note, untilStopped, withHub } from '../clients/cli/command.ts';
import { CommandError } from '../clients/cli/errors.ts';
import type { Session } from '../clients/cli/session.ts';
import { bound } from '../model/bound.ts';
import { systemClock, within } from '../model/clock.ts';
import { Checkpoints } from './checkpoints.ts';
import type { SourceOptions } from './options.ts';
import { AlwaysWanted, InterestDemand } from './demand.ts';
import { startHealthServer } from './health-server.ts';
import { PartsHealth } from './health.ts';
import { isPassing } from './hub-fault.ts';
import { HubGate } from './hub-gate.ts';
import { Leadership } from './leadership.ts';
import { sourceMetrics } from './metrics.ts';
import { SourcePublisher } from './publisher.ts';
import type { RunSource, SourceContext } from './source.ts';

const FLUSH_MS = bound(
  'time for a source that is ended to send what waits',
  10_000,
  'ms',
  'it ends with an error that says how many events were not sent',
);

/**
 * Runs a source until somebody ends it. It then watches nothing more, sends what it has taken, and resolves.
 * @throws CommandError where the hub takes nothing from it, where it ends with events that were not sent or, by itself, with some that
 * were refused, or where its kind fails
 */
export function runSource(kind: string, options: SourceOptions, run: RunSource): Promise<void> {
  return withHub(options, async (session) => {
    const stopping = new AbortController();
    // Aborted when nothing more is sent.
    const ended = new AbortController();
    const stopped = untilStopped();
    const signal = AbortSignal.any([stopped, stopping.signal]);
    setMaxListeners(0, signal, ended.signal);
    let fault: { readonly error: unknown } | undefined;
    const fatal = (error: unknown): void => {
      if (ended.signal.aborted) return;
      fault ??= { error };
      stopping.abort();
      ended.abort();
    };
    const parts = partsOf(kind, options, session, { signal, ended: ended.signal, fatal });
    const { context, publisher, gate, health } = parts;
    const server = options.listen && (await startHealthServer(options.listen, health, context.metrics));
    if (server !== undefined) note(`serving /healthz, /readyz and /metrics at port ${server.port}`);
    note(`${options.name} publishes to ${session.target.base.host}`);
    void greet(session, gate, fatal, ended.signal);
    try {
      await run(context).catch((error: unknown) => {
        // Whatever waits is cut short by the signal.
        if (!signal.aborted) fault ??= { error };
      });
      // A source that has nothing more to watch waits for the hub; one that somebody ends does so for a while.
      const flushed = Promise.race([publisher.flush(), aborted(ended.signal)]);
      await Promise.race([flushed, aborted(signal)]);
      await within(FLUSH_MS, flushed, systemClock);
      const { events } = publisher.waiting;
      if (events > 0)
        note(`${events} events were not sent; what can be read again is published by the next start`);
      if (fault !== undefined) throw (fault as { error: unknown }).error;
      if (events > 0)
        throw new CommandError('unreachable', `The hub did not take ${events} events within ${FLUSH_MS} ms.`);
      const { refused, taken } = publisher.counts;
      if (refused > 0) {
        const why = `The hub refused ${refused} of ${taken} events. The first of each kind stands above.`;
        // One that somebody ends has done its work all the same.
        if (!stopped.aborted) throw new CommandError('refused', why);
        note(why);
      }
    } finally {
      stopping.abort();
      ended.abort();
      server?.close();
    }
  });
}

interface Ends {
  readonly signal: AbortSignal;
  readonly ended: AbortSignal;
  readonly fatal: (error: unknown) => void;
}

/** What a source is made of, and the part of it that its kind is given. */
function partsOf(
  kind: string,
  { name, always }: SourceOptions,
  session: Session,
  { signal, ended, fatal }: Ends,
): {
  readonly context: SourceContext;
  readonly publisher: SourcePublisher;
  readonly gate: HubGate;
  readonly health: PartsHealth;
} {
  const clock = systemClock;
  const random = Math.random;
  const health = new PartsHealth();
  let isAway = false;
  const gate = new HubGate({
    clock,
    random,
    signal: ended,
    failed(error) {
      const { message } = error as Error;
      health.behind('hub', message);
      if (!isAway) note(`the hub does not answer, and what waits is sent once it does: ${message}`);
      isAway = true;
    },
    recovered() {
      isAway = false;
      health.caughtUp('hub');
      note('the hub answers again');
    },
  });
  const checkpoints = new Checkpoints({ name, session, gate, signal: ended });
  const publisher = new SourcePublisher({ name, session, checkpoints, gate, signal, clock, note, fatal });
  const interest =
    always === true ? undefined : new InterestDemand({ session, signal, clock, random, health, note });
  const metrics = sourceMetrics({ name, kind, publisher, health, ...(interest && { demand: interest }) });
  const demand = interest ?? new AlwaysWanted();
  const leadership = new Leadership({ name, session, signal, health, metrics, clock, random, note });
  const lead: SourceContext['lead'] = (work) => leadership.lead(work);
  const context = { name, session, signal, publisher, lead, demand, health, metrics, clock, note };
  return { context, publisher, gate, health };
}

/** Asks the hub who this source is, so that a wrong address or token shows at once, and not with the first event. */
async function greet(
  session: Session,
  gate: HubGate,
  fatal: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await gate.pass(() => session.ask('api/v3/me', { signal }));
      return;
    } catch (error) {
      if (!signal.aborted && !isPassing(error)) fatal(error);
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

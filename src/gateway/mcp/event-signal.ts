import type { Encoding, Session } from '../../dialects/dialect.ts';
import { native } from '../../dialects/native.ts';
import type { Transport } from '../../hub/transport.ts';
import { HUB_TYPE, type HubEvent } from '../../model/event.ts';
import type { Position } from '../../model/position.ts';
import { UNKNOWN } from '../../model/principal.ts';
import type { Slot } from '../sockets/admission.ts';
import type { StreamOptions } from '../sockets/event-stream.ts';
import { eventText, type Asked } from './event-page.ts';
import type { ToolCall } from './tool.ts';

export type SignalDeps = Pick<
  StreamOptions,
  'connections' | 'clock' | 'commands' | 'newId' | 'admission' | 'refused'
>;

/** No pings are sent, and none is missed: the HTTP request itself ends when the client is gone. */
const HEARTBEAT = { pingMs: Number.POSITIVE_INFINITY, pongWaitMs: Number.POSITIVE_INFINITY };

/**
 * What an agent waits with is a connection of the hub like a stream of HTTP: within the same limits, in the registry, and
 * counted. An event of the log is only signalled, since it is then read from the log together with what came after it. An
 * event that no log holds is passed on.
 */
function signalsWithout(hidden: ReadonlySet<string>): Encoding {
  const without = [...hidden].join();
  const known = SIGNALS.get(without);
  if (known !== undefined) return known;
  const signals: Encoding = {
    name: 'native agent',
    frame: (text) => Buffer.from(`${text}\n`),
    encode(event: HubEvent): string | undefined {
      if (event.type === HUB_TYPE || hidden.has(event.type)) return undefined;
      return event.id === undefined ? eventText(event) : '';
    },
  };
  SIGNALS.set(without, signals);
  return signals;
}

/** Connections with the same encoding share its work. There are as many as there are sets of hidden types. */
const SIGNALS = new Map<string, Encoding>();

/** What ended the wait for events. */
export interface Signalled {
  /** Events that are in no log, as JSON. */
  readonly unlogged: readonly string[];
  readonly isTimedOut: boolean;
  /** Why the hub closed the connection, if it did. */
  readonly closed?: string;
}

/** What is listened for, and from which position on. */
type Listened = Asked & { readonly since: Position };

export interface EventSignal {
  /** Resolves at the first event, when the hub closes the connection, or after this time. It is called once. */
  wait(ms: number, signal: AbortSignal): Promise<Signalled>;
  stop(): void;
}

/** @throws BelfryError `limit_reached` or `unavailable` */
export async function openEventSignal(
  deps: SignalDeps,
  call: ToolCall,
  asked: Listened,
): Promise<EventSignal> {
  const { admission, refused } = deps;
  let slot: Slot | undefined;
  try {
    slot = admission.enter(call.identity.principal === UNKNOWN);
    return await attach(deps, call, asked);
  } catch (error) {
    refused.count(error);
    throw error;
  } finally {
    slot?.leave();
  }
}

async function attach(
  { connections, clock, commands, newId }: SignalDeps,
  { identity, remoteAddr, userAgent }: ToolCall,
  { subscriptions, hidden, since }: Listened,
): Promise<EventSignal> {
  const encoding = signalsWithout(hidden);
  const session: Session = { identity, subscriptions, heartbeat: HEARTBEAT, encoding, replay: { since } };
  const about = { remoteAddr, userAgent, createTime: clock.now(), dialect: native, session };
  const info = { id: newId(), type: 'stream', ...about } as const;
  await connections.register(info);
  const transport = new SignalTransport();
  const connection = connections.attach(info, transport);
  commands.open(connection, session);
  return {
    wait: async (ms, signal) => {
      const cancel = clock.after(ms, () => transport.timeOut());
      signal.addEventListener('abort', transport.end, { once: true });
      if (signal.aborted) transport.end();
      await transport.ended;
      cancel();
      signal.removeEventListener('abort', transport.end);
      return transport.signalled;
    },
    stop: () => connections.detach(connection, 'the call has ended'),
  };
}

/** Keeps what the first flush brings. The connection is then detached, so that nothing more comes. */
class SignalTransport implements Transport {
  readonly full = false;
  readonly ended: Promise<void>;
  readonly end: () => void;
  #unlogged: string[] = [];
  #closed: string | undefined;
  #isTimedOut = false;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.end = resolve;
  }

  get signalled(): Signalled {
    const [unlogged, isTimedOut] = [this.#unlogged, this.#isTimedOut];
    return { unlogged, isTimedOut, ...(this.#closed !== undefined && { closed: this.#closed }) };
  }

  write(bytes: Buffer): void {
    const lines = bytes.toString().split('\n');
    this.#unlogged.push(...lines.filter((line) => line !== ''));
    this.end();
  }

  timeOut(): void {
    this.#isTimedOut = true;
    this.end();
  }

  onceDrained(): void {
    // It is never full.
  }

  close(_code: number, reason: string): void {
    this.#closed = reason;
    this.end();
  }
}

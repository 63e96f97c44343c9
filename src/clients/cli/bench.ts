import { setTimeout as sleep } from 'node:timers/promises';
import type { Conversation } from '../load/connection.ts';
import { Fleet, type FleetReport } from '../load/fleet.ts';
import { markOf, micros } from '../load/mark.ts';
import { withHub } from './command.ts';
import { CommandError, UsageError } from './errors.ts';
import type { Session } from './session.ts';
import { authorization, type TargetOptions } from './target.ts';

const TICK_MS = 10;
/** The events in one request at most: the hub accepts no more. */
const EVENTS_MAX = 256;
/**
 * The requests under way at once at most. When the hub is slower than that, publishing falls behind the rate, and the
 * result shows it.
 */
const REQUESTS_MAX = 16;
/** How long the events that are still under way may take after the last one was published. */
const GRACE_MS = 5_000;

export interface BenchOptions extends TargetOptions {
  readonly connections: number;
  readonly pattern: string;
  /** How many events are published in a second. */
  readonly rate: number;
  /** How many seconds the publishing lasts. */
  readonly duration: number;
  /** How many bytes of filling the object of each event holds. */
  readonly size: number;
  /** It is called with the name of the current step and the share of that step that is done, from 0 to 1. */
  readonly progress?: (what: string, share: number) => void;
}

export interface BenchResult extends Omit<FleetReport, 'open'> {
  readonly connections: number;
  readonly openedInMs: number;
  readonly rate: number;
  readonly published: number;
  readonly publishedInMs: number;
  readonly expected: number;
  readonly deliveriesPerS: number;
}

/**
 * Opens connections to a hub that all hear one pattern, publishes events to it over HTTP, and measures what comes
 * back. The events are ordinary ones: every other subscriber of the pattern hears them too.
 * @throws CommandError when the hub refuses
 */
export async function bench(options: BenchOptions): Promise<BenchResult> {
  const eventOf = eventMaker(options);
  return withHub(options, (session) => benchWith(session, options, eventOf));
}

async function benchWith(
  session: Session,
  options: BenchOptions,
  eventOf: () => string,
): Promise<BenchResult> {
  const { base, token, insecure } = session.target;
  const url = new URL('native/ws', base);
  const headers = await authorization(token);
  const tls = url.protocol === 'https:';
  const target = {
    host: url.hostname.replaceAll(/[[\]]/g, ''),
    port: Number(url.port || (tls ? 443 : 80)),
    tls,
    insecure,
  };
  const member = { target, conversation: conversationOf(url, headers, options.pattern) };
  const fleet = new Fleet();
  try {
    const openedInMs = await open(fleet, options, () => member);
    fleet.clear();
    const startedAt = micros();
    const published = await publishAll(session, options, eventOf);
    const publishedInMs = (micros() - startedAt) / 1_000;
    const expected = published * options.connections;
    const deadline = micros() + GRACE_MS * 1_000;
    while (fleet.tally.events < expected && micros() < deadline) await sleep(TICK_MS);
    const tookS = Math.max(fleet.tally.now - startedAt, publishedInMs * 1_000) / 1e6;
    const { open: connections, ...report } = fleet.report();
    const { rate } = options;
    const deliveriesPerS = report.events / tookS;
    return { connections, openedInMs, rate, published, publishedInMs, expected, deliveriesPerS, ...report };
  } finally {
    fleet.end();
  }
}

function conversationOf(url: URL, headers: Record<string, string>, pattern: string): Conversation {
  return {
    path: url.pathname + url.search,
    headers,
    hello: [JSON.stringify({ id: 1, command: 'subscribe', patterns: [pattern] })],
    hear: (frame) => {
      const { type, action, object } = JSON.parse(frame) as {
        type?: string;
        action?: string;
        object?: { message?: string };
      };
      if (type === 'belfry' && action === 'error') return { refused: object?.message ?? frame };
      return { stands: type === 'belfry' && action === 'subscribe' };
    },
  };
}

async function open(
  fleet: Fleet,
  { connections, progress }: BenchOptions,
  memberOf: Parameters<Fleet['fill']>[1],
): Promise<number> {
  const startedAt = micros();
  try {
    await fleet.fill(connections, memberOf, (count) =>
      progress?.('opening connections', count / connections),
    );
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CommandError(
      fleet.open === 0 ? 'unreachable' : 'refused',
      `Only ${fleet.open} of ${connections} connections could be opened: ${why}. ` +
        'Expected the URL of a hub, a token that may hear the pattern, and room for that many open files here and there.',
      { cause },
    );
  }
  return (micros() - startedAt) / 1_000;
}

/** Publishes events at the given rate for the given time, and returns how many the hub accepted. */
async function publishAll(session: Session, options: BenchOptions, eventOf: () => string): Promise<number> {
  const { rate, duration, progress } = options;
  const startedAt = micros();
  const requests = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let sent = 0;
  for (let elapsed = 0; elapsed < duration && failures.length === 0; await sleep(TICK_MS)) {
    elapsed = Math.min((micros() - startedAt) / 1e6, duration);
    for (
      let due = Math.floor(elapsed * rate) - sent;
      due > 0 && requests.size < REQUESTS_MAX;
      due -= EVENTS_MAX
    ) {
      const events = Array.from({ length: Math.min(due, EVENTS_MAX) }, eventOf);
      sent += events.length;
      const request = publishList(session, events)
        .catch((failure: unknown) => void failures.push(failure))
        .finally(() => requests.delete(request));
      requests.add(request);
    }
    progress?.('publishing', elapsed / duration);
  }
  await Promise.all(requests);
  if (failures.length > 0) throw failures[0];
  return sent;
}

async function publishList(session: Session, events: readonly string[]): Promise<void> {
  const headers = { 'Content-Type': 'application/json' };
  await session.ask('api/v3/events', { method: 'POST', headers, body: `[${events.join(',')}]` });
}

/**
 * Returns a function that makes the JSON of one event. The pattern matches the event, and the event holds the time it
 * was made.
 */
function eventMaker({ pattern, size }: BenchOptions): () => string {
  const parts = /^([^.]+)\.([^.]+)\.(.+)$/.exec(pattern)?.slice(1);
  if (parts === undefined) throw new UsageError(`"${pattern}" is not a pattern. Expected type.action.key.`);
  const [type, action, key] = parts.map((part, index) => valueOf(part, ANY[index] ?? ''));
  const filling = 'x'.repeat(size);
  const event = JSON.stringify({ type, action, key, object: { at: AT, filling } });
  const [before = '', after = ''] = event.split(AT);
  return () => before + markOf(micros()) + after;
}

/** The values that replace `*` in the type, the action and the key. */
const ANY = ['bench', 'tick', '1'];
const AT = '<at>';
const ESCAPES: Readonly<Record<string, string>> = { '\\1': '.', '\\2': ',', '\\3': '*' };

/** The first value that a part of a pattern matches. */
function valueOf(part: string, otherwise: string): string {
  const [first = ''] = part.split(',');
  return first === '*' ? otherwise : first.replaceAll(/\\[123]/g, (escape) => ESCAPES[escape] ?? escape);
}

/** The result as lines for people. */
export function benchTable(result: BenchResult): string[] {
  const { connections, openedInMs, rate, published, publishedInMs, events, expected, deliveriesPerS } =
    result;
  const rows = [
    ['connections', `${whole(connections)} opened in ${ms(openedInMs)}`],
    ['published', `${whole(published)} events in ${ms(publishedInMs)}; ${whole(rate)}/s were asked for`],
    ['delivered', `${whole(events)} of ${whole(expected)}, ${whole(deliveriesPerS)}/s`],
    [
      'latency',
      `p50 ${ms(result.p50)}, p99 ${ms(result.p99)}, p99.9 ${ms(result.p999)}, at most ${ms(result.max)}`,
    ],
    [
      'this client',
      `${percent(result.busy)} busy${result.saturated ? ': too busy, the hub may do more than it shows' : ''}`,
    ],
    ...Object.entries(result.ended).map(([why, count]) => ['lost', `${whole(count)} connections: ${why}`]),
  ];
  return rows.map(([name = '', value = '']) => `${name.padEnd(13)}${value}`);
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

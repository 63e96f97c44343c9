/**
 * Mist: one socket a resource, which path and query name; its clients say nothing. Every stream stands both under the
 * path and in the shapes of Mist's document, and under those of its server, which differ. Publishers have no spelling
 * of Mist's: they use the canonical one, with the types, actions and keys
 * `container.{status,log,stats,end,error}.<appId>`, `deployment.{status,log,error}.<deploymentId>`,
 * `metrics.sample.{system,<host>}` and `system.{log,end,error}.mist`.
 */
import { BelfryError } from '../model/errors.ts';
import type { HubEvent } from '../model/event.ts';
import { isJsonObject } from '../model/json.ts';
import { escapeValue, Pattern } from '../model/pattern.ts';
import { Grants, type Identity } from '../model/principal.ts';
import { Refusal, type Dialect, type Opening, type OpenRequest, type ReplayWish } from './dialect.ts';
import { jsonRefusal, STREAMS, type Stream } from './mist-streams.ts';
import { documented } from './mist-words.ts';
import { PASSED_OVER } from './notices.ts';

/** Two pings may stay without an answer. */
const HEARTBEAT = { pingMs: 30_000, pongWaitMs: 75_000 };

/** What every user of Mist may hear there. */
const ALL_OF_MIST = Grants.parse(['container,deployment,metrics.*.*', 'system.*.mist']);

export const MIST_PATHS: readonly string[] = STREAMS.map(({ path }) => path);

export const mist: Dialect = {
  ...documented,
  name: 'mist',
  ignoresBinary: true,

  async open({ path, query, caller, now, retained }: OpenRequest): Promise<Opening> {
    const stream = streamAt(path);
    if (caller instanceof BelfryError) throw refusalOf(caller);
    const key = stream.keyOf(query);
    const opening = { identity: caller, encoding: stream.encoding, subscriptions: [], heartbeat: HEARTBEAT };
    const obstacle = await obstacleTo(stream, key, caller, retained);
    if (obstacle !== undefined) {
      const first = [...obstacle.before, ownEvent(stream, key, 'error', obstacle.why, now)];
      return { ...opening, first, closeAfterMs: 0 };
    }
    const { greeting } = stream;
    return {
      ...opening,
      ...(greeting !== undefined && { first: [ownEvent(stream, key, 'connected', greeting, now)] }),
      replay: replayOf(stream, key),
      subscriptions: [{ name: stream.type, pattern: patternOf(stream, key), filters: [] }],
    };
  },

  decode: () => PASSED_OVER,

  parse: () => undefined,

  /** Mist asks of nobody more than to be one of its users; who has patterns, by token or role, is held to those. */
  identify: (identity: Identity): Identity =>
    identity.subscribe.patterns.length > 0 ? identity : { ...identity, subscribe: ALL_OF_MIST },
};

/** @throws Refusal */
function streamAt(path: string): Stream {
  const stream = STREAMS.find((each) => each.path === path);
  if (stream !== undefined) return stream;
  throw jsonRefusal(404, 'Not found', `Expected one of ${MIST_PATHS.join(', ')}.`);
}

function refusalOf({ code, status, message }: BelfryError): Refusal {
  if (code === 'credentials_missing') return jsonRefusal(401, 'Authentication required', 'No token provided');
  if (code === 'origin_forbidden') return jsonRefusal(403, 'Permission denied', message);
  if (status >= 500) return jsonRefusal(status, 'Failed to check the token', message);
  return jsonRefusal(401, 'Invalid or expired token', message);
}

/** Why the stream cannot be had, with what is told before that. @throws Refusal where that comes before the upgrade */
async function obstacleTo(
  { type, feed, absent }: Stream,
  key: string,
  { subscribe }: Identity,
  retained: OpenRequest['retained'],
): Promise<{ readonly before: readonly HubEvent[]; readonly why: string } | undefined> {
  if (!subscribe.permit({ type, action: feed, key })) {
    // Clients that read bare samples break on an error in their midst.
    if (type === 'metrics')
      throw jsonRefusal(403, 'Permission denied', `No grant to hear ${type} of "${key}".`);
    return { before: [], why: 'Permission denied' };
  }
  if (absent === undefined) return undefined;
  const [status] = await retained({ type, action: 'status', key, count: 1 });
  if (status === undefined) {
    const known = await retained({ type, action: feed, key, count: 1 });
    if (known.length > 0) return undefined;
    if (absent instanceof Refusal) throw absent;
    return { before: [], why: absent };
  }
  const state = stateOf(status);
  if (state === undefined || state === 'running') return undefined;
  return { before: [status], why: `Container is not running (state: ${state})` };
}

/** Of a container only; a deployment has a status, and its log can be read whatever that is. */
function stateOf({ type, object }: HubEvent): string | undefined {
  const state = type === 'container' && isJsonObject(object) ? object['state'] : undefined;
  return typeof state === 'string' ? state : undefined;
}

function replayOf({ type, feed, tail, besides }: Stream, key: string): ReplayWish {
  const log = { type, action: feed, key, count: tail };
  return { retained: besides.includes('status') ? [{ type, action: 'status', key, count: 1 }, log] : [log] };
}

function patternOf({ type, feed, besides }: Stream, key: string): Pattern {
  return Pattern.parse(`${type}.${[...besides, feed].join(',')}.${escapeValue(key)}`);
}

/** Something that the hub itself says on the stream. */
function ownEvent({ type }: Stream, key: string, action: string, message: string, now: number): HubEvent {
  return { time: new Date(now).toISOString(), type, action, key, object: { message }, size: 0 };
}

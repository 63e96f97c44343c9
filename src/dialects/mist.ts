/**
 * Mist: every socket is about one resource, which path and query name, and its clients send nothing. Each stream is
 * served twice: under the path and in the shapes of Mist's document, and under those of its server, which differ. Mist
 * has no format for publishers. They use the canonical format, with the types, actions and keys
 * `container.{status,log,stats,end,error}.<appId>`, `deployment.{status,log,error}.<deploymentId>`,
 * `metrics.sample.{system,<host>}` and `system.{log,end,error}.mist`.
 */
import { z } from 'zod';
import { bound } from '../model/bound.ts';
import { BelfryError } from '../model/errors.ts';
import type { HubEvent } from '../model/event.ts';
import { isJsonObject, valueOf } from '../model/json.ts';
import { escapeValue, Pattern } from '../model/pattern.ts';
import { Grants, type Identity } from '../model/principal.ts';
import {
  PING_MS,
  type Dialect,
  type EntryPoint,
  type Messages,
  type Session,
  type OpenRequest,
  type Refusal,
  type ReplayRequest,
  type RetainedQuery,
} from './dialect.ts';
import { jsonRefusal, STREAMS, type Stream } from './mist-streams.ts';
import { documented } from './mist-messages.ts';
import { IGNORED } from './public-broadcast.ts';

/** A client may leave two pings without an answer. */
const PONG_WAIT_MS = bound('time without a sign of life of a mist socket', 75_000, 'ms', 'it is cut');
const HEARTBEAT = { pingMs: PING_MS, pongWaitMs: PONG_WAIT_MS };

/** What every user of Mist may receive in this dialect. */
const ALL_OF_MIST = Grants.parse(['container,deployment,metrics.*.*', 'system.*.mist']);

export const MIST_PATHS: readonly string[] = STREAMS.map(({ path }) => path);

export const mist: Dialect = {
  ...documented,
  name: 'mist',
  usesCookies: true,
  entryPoints: STREAMS.map(entryPointOf),
  ignoresBinary: true,

  async open(request: OpenRequest): Promise<Session> {
    const stream = streamAt(request.path);
    const { caller } = request;
    if (caller instanceof BelfryError) throw refusalOf(caller);
    const key = stream.keyOf(request.query);
    const { first, ends } = await beginningOf(stream, key, caller, request);
    const session = { identity: caller, encoding: stream.encoding, heartbeat: HEARTBEAT, first };
    if (ends) return { ...session, subscriptions: [], closeAfterMs: 0 };
    return {
      ...session,
      replay: replayOf(stream, key),
      subscriptions: [{ name: stream.type, pattern: patternOf(stream, key), filters: [] }],
    };
  },

  decode: () => IGNORED,

  /**
   * Mist demands only that somebody is one of its users. An identity that has patterns, by token or by role, is
   * restricted to them.
   */
  identify: (identity: Identity): Identity =>
    identity.limited || identity.subscribe.patterns.length > 0
      ? identity
      : { ...identity, subscribe: ALL_OF_MIST },
};

/** Each stream has one kind of message for each action that its events may have. */
function entryPointOf(stream: Stream): EntryPoint {
  const { path, type, feed, besides, greeting, encoding } = stream;
  // A stream that cannot be served says so in an error message. A stream of bare samples refuses before the upgrade
  // instead.
  const own = type === 'metrics' ? [] : ['error', ...(greeting === undefined ? [] : ['connected'])];
  const actions = [...new Set([feed, ...besides, ...own])];
  const forms = actions.map((action) => [action, encoding.words.get(`${type}.${action}`)?.formOf(action)]);
  return {
    path,
    summary: `Mist: sends ${type}.${feed}, reads nothing`,
    sends: Object.fromEntries(forms.filter(([, form]) => form !== undefined)) as Messages,
    takes: {},
    query: queryOf(type, path),
  };
}

function queryOf(type: string, path: string): NonNullable<EntryPoint['query']> {
  const id = z.int().describe('A decimal number of up to 64 bits');
  switch (type) {
    case 'container':
      return { appId: id };
    case 'deployment':
      return path.startsWith('/ws/') ? { deploymentId: id } : { id };
    case 'metrics':
      return { host: z.string().describe('The name of the host; "system" when absent') };
    default:
      return {};
  }
}

/** @throws Refusal */
function streamAt(path: string): Stream {
  const stream = STREAMS.find((each) => each.path === path);
  if (stream !== undefined) return stream;
  throw jsonRefusal(404, 'Not found', `Expected one of ${MIST_PATHS.join(', ')}.`);
}

function refusalOf({ code, status, message }: BelfryError): Refusal {
  if (code === 'credentials_missing') return jsonRefusal(401, 'Authentication required', 'No token provided');
  if (code === 'origin_forbidden') return jsonRefusal(403, 'Permission denied', message);
  if (status >= 500 || status === 429) return jsonRefusal(status, 'Failed to check the token', message);
  return jsonRefusal(401, 'Invalid or expired token', message);
}

/**
 * What is sent before the stream itself, and whether the stream ends after it. @throws Refusal where nothing can be
 * sent at all
 */
async function beginningOf(
  stream: Stream,
  key: string,
  { subscribe }: Identity,
  { now, retained }: OpenRequest,
): Promise<{ readonly first: HubEvent[]; readonly ends: boolean }> {
  const say = (action: string, message: string): HubEvent => ownEvent(stream, key, action, message, now);
  const { type, feed, absent, greeting } = stream;
  if (!subscribe.permit({ type, action: feed, key })) {
    // Clients that read bare samples break on an error message among them.
    if (type === 'metrics')
      throw jsonRefusal(403, 'Permission denied', `No grant to hear ${type} of "${key}".`);
    return { first: [say('error', 'Permission denied')], ends: true };
  }
  const first = greeting === undefined ? [] : [say('connected', greeting)];
  if (absent === undefined) return { first, ends: false };
  const [status] = await retained({ ...about(stream, key), action: 'status' });
  if (status === undefined) {
    const isKnown = (await retained(about(stream, key))).length > 0;
    return { first: isKnown ? first : [...first, say('error', absent)], ends: false };
  }
  // A client may be permitted to receive the lines of a container, but not its state.
  const state = subscribe.permit(status) ? stateOf(status) : undefined;
  if (state === undefined || state === 'running') return { first, ends: false };
  return { first: [status, say('error', `Container is not running (state: ${state})`)], ends: true };
}

/** The state of a container. A deployment has a status too, but its log can be read in every state. */
function stateOf({ type, object }: HubEvent): string | undefined {
  if (type !== 'container') return undefined;
  const status = valueOf(object);
  const state = isJsonObject(status) ? status['state'] : undefined;
  return typeof state === 'string' ? state : undefined;
}

/** Asks for the newest event of the feed. */
function about({ type, feed }: Stream, key: string): RetainedQuery & { readonly key: string } {
  return { type, action: feed, key, count: 1 };
}

function replayOf(stream: Stream, key: string): ReplayRequest {
  const latest = about(stream, key);
  const log = { ...latest, count: stream.tail };
  return { retained: stream.besides.includes('status') ? [{ ...latest, action: 'status' }, log] : [log] };
}

function patternOf({ type, feed, besides }: Stream, key: string): Pattern {
  return Pattern.parse(`${type}.${[...besides, feed].join(',')}.${escapeValue(key)}`);
}

/** A message that the hub itself sends on the stream. */
function ownEvent({ type }: Stream, key: string, action: string, message: string, now: number): HubEvent {
  return { time: new Date(now).toISOString(), type, action, key, object: { message }, size: 0 };
}

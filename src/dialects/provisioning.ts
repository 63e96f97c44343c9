/**
 * The Provisioning Platform has the paths `/ws?token=&events=&batch_size=&compression=`, `/metrics` and `/logs`.
 * Events are `{"event_type","timestamp","data","metadata"}`, and several at once are
 * `{"type":"batch","timestamp","events"}`. Commands are `auth`, `subscribe`, `unsubscribe` and `ping`. The source is
 * the platform's WebSocket API reference, which shows no answer but `pong`. The other answers here have no
 * `event_type`, so the platform's clients ignore them:
 * ```
 * {"type":"subscribed","events":["TaskStatusChanged"]}                   also "unsubscribed"
 * {"type":"authenticated","principal":"user:ann","expires_at":"…"}
 * {"type":"error","code":"forbidden","message":"…","see":"/docs/reference/errors#forbidden"}
 * ```
 */
import { bound } from '../model/bound.ts';
import { BelfryError, ProtocolError, type ErrorCode } from '../model/errors.ts';
import { HUB_TYPE, type HubEvent } from '../model/event.ts';
import { isJsonObject, readJson, textOf, valueOf } from '../model/json.ts';
import { ANONYMOUS, type Identity } from '../model/principal.ts';
import {
  HEARTBEAT,
  Refusal,
  type Command,
  type ConnectionLimits,
  type Dialect,
  type Encoding,
  type Session,
  type OpenRequest,
} from './dialect.ts';
import { explain, publishing } from './provisioning-event.ts';
import {
  eventTypesIn,
  openingSubscriptions,
  subscribeCommand,
  unsubscribeCommand,
} from './provisioning-subscriptions.ts';
import { eventTypeFor, withDefaultGrants } from './provisioning-event-types.ts';
import {
  BATCH_SIZE_MAX,
  ENTRY_POINTS,
  MAX_EVENT_TYPES,
  provisioningCommand,
} from './provisioning-messages.ts';

/** The reference also shows a client that sends its token after it has connected. */
const AUTH_WITHIN_MS = bound('time for provisioning auth', 10_000, 'ms', 'the socket is closed with 1013');
const LIMITS: ConnectionLimits = {
  connectionsPerPrincipal: bound(
    'provisioning sockets of one user',
    10,
    'entries',
    'more are closed with 1013',
  ),
  commandsPerSecond: bound('messages of a provisioning socket', 100, 'a second', 'it is closed with 4029'),
  subscriptionsMax: bound('event types of a provisioning socket', 50, 'entries', 'more are refused'),
};
/**
 * The reference names 10 as the default, but also prints a client that cannot read batches. So a client gets batches
 * only if it asks for them.
 */
const BATCH_SIZE = 1;
export const provisioning: Dialect = {
  name: 'provisioning',
  listener: { port: 9090, tls: false },
  entryPoints: ENTRY_POINTS,
  publishing,
  encode,
  identify: withDefaultGrants,

  open(request: OpenRequest): Session {
    const { query, caller } = request;
    const identity = identityOf(caller);
    const anonymous = identity === ANONYMOUS;
    try {
      return {
        identity,
        ...openingSubscriptions(request, !anonymous),
        heartbeat: HEARTBEAT,
        limits: LIMITS,
        encoding: encodingOf(query),
        deflate: isCompressed(query),
        ...(anonymous && { authWithinMs: AUTH_WITHIN_MS }),
      };
    } catch (error) {
      throw error instanceof BelfryError ? refusalOf(error) : error;
    }
  },

  decode(frame: string): Command {
    const parsed = provisioningCommand.safeParse(commandIn(frame));
    if (!parsed.success)
      throw new ProtocolError('command_invalid', explain('command', COMMAND_FORM, parsed.error));
    const command = parsed.data;
    switch (command.type) {
      case 'auth':
        return { kind: 'auth', ref: 'auth', token: command.token, orClose: true };
      case 'subscribe':
        return subscribeCommand(command.events, command.filters);
      case 'unsubscribe':
        return unsubscribeCommand(command.events);
      case 'ping':
        return { kind: 'ping', ref: 'ping' };
    }
  },
};

/**
 * The command. Of a list that is too long, only as many items are read as prove that. @throws ProtocolError
 * `json_invalid`
 */
function commandIn(frame: string): unknown {
  const { value } = readJson(frame);
  if (!isJsonObject(value) || !Array.isArray(value['events'])) return value;
  return { ...value, events: value['events'].slice(0, MAX_EVENT_TYPES + 1) };
}

function encode(event: HubEvent): string | undefined {
  if (event.type === HUB_TYPE) return encodeReply(event);
  const event_type = eventTypeFor(event);
  if (event_type === undefined) return undefined;
  const { time: timestamp, object, metadata = {} } = event;
  const envelope = JSON.stringify({ event_type, timestamp }).slice(0, -1);
  return `${envelope},"data":${textOf(object)},"metadata":${textOf(metadata)}}`;
}

/** What the URL asked for gets no reply, since a client that sent no command expects nothing but events. */
function encodeReply({ action, key, object }: HubEvent): string | undefined {
  const said = valueOf(object);
  const { patterns = [], principal, expiresAt, code, message, see } = isJsonObject(said) ? said : {};
  if (action === 'error') return JSON.stringify({ type: 'error', code, message, see });
  if (key === '') return undefined;
  switch (action) {
    case 'ping':
      return '{"type":"pong"}';
    case 'auth':
      return JSON.stringify({ type: 'authenticated', principal, expires_at: expiresAt });
    case 'subscribe':
    case 'unsubscribe':
      return JSON.stringify({ type: `${action}d`, events: eventTypesIn(patterns as readonly string[]) });
    default:
      return undefined;
  }
}

const TIMESTAMP = ',"timestamp":"';

/**
 * Joins several events into one frame. Its time is the time of the last event, because the client then knows
 * everything up to it. A clock would make the frames of connections differ that receive the same events.
 */
function join(texts: readonly string[]): string {
  const last = texts.at(-1) ?? '';
  // `encode` writes the timestamp right after the event type. Inside a JSON text every quote has a backslash before
  // it.
  const start = last.indexOf(TIMESTAMP) + TIMESTAMP.length;
  const timestamp = last.slice(start, last.indexOf('"', start));
  return `{"type":"batch","timestamp":"${timestamp}","events":[${texts.join()}]}`;
}

const encodings = new Map<number, Encoding>([[BATCH_SIZE, provisioning]]);

/** The encoding for a size of batches, always the same object for one size. @throws ProtocolError */
function encodingOf(query: URLSearchParams): Encoding {
  const asked = query.get('batch_size') || String(BATCH_SIZE);
  const size = /^[1-9]\d{0,3}$/.test(asked) ? Number(asked) : 0;
  if (size < 1 || size > BATCH_SIZE_MAX)
    throw unusable('batch_size', asked, `a whole number from 1 to ${BATCH_SIZE_MAX}`);
  let encoding = encodings.get(size);
  if (encoding === undefined) {
    encoding = { name: `provisioning by ${size}`, encode, batch: { size, join } };
    encodings.set(size, encoding);
  }
  return encoding;
}

/** @throws ProtocolError */
function isCompressed(query: URLSearchParams): boolean {
  const asked = query.get('compression') || 'false';
  if (asked === 'true' || asked === 'false') return asked === 'true';
  throw unusable('compression', asked, 'true or false');
}

function unusable(name: string, asked: string, expected: string): ProtocolError {
  return new ProtocolError(
    'handshake_invalid',
    `The ${name} "${asked.slice(0, 50)}" is not usable. Expected ${expected}.`,
  );
}

/** @throws Refusal */
function identityOf(caller: Identity | BelfryError): Identity {
  if (!(caller instanceof BelfryError)) return caller;
  if (caller.code === 'credentials_missing') return ANONYMOUS;
  throw refusalOf(caller);
}

const COMMAND_FORM = '{type} with the type auth, subscribe, unsubscribe or ping';

const UNAUTHORIZED: ReadonlySet<ErrorCode> = new Set([
  'credentials_malformed',
  'password_wrong',
  'token_invalid',
]);

/** A client whose identity is not accepted gets 401 and the platform's one word for it, with the reason in a header. */
function refusalOf({ code, status, message, see, retryAfterS }: BelfryError): Refusal {
  if (!UNAUTHORIZED.has(code)) {
    const headers: Record<string, string> = { 'Content-Type': 'application/json; charset=utf-8' };
    if (retryAfterS !== undefined) headers['Retry-After'] = `${retryAfterS}`;
    return new Refusal(status, headers, JSON.stringify({ code, message, see }));
  }
  // RFC 6750 permits no quotes in it.
  const reason = message.replaceAll(/[^ !#-[\]-~]/g, "'");
  const headers = {
    'Content-Type': 'text/plain; charset=utf-8',
    'WWW-Authenticate': `Bearer realm="belfry", error="${code}", error_description="${reason}"`,
  };
  return new Refusal(401, headers, 'Unauthorized');
}

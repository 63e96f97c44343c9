/**
 * Digital Rebar Provision: clients send `register type.action.key` and `deregister …` in plain text and get an ack for
 * each, and events look as Go writes them. The sources are the wire facts of its server of 2019 and of its client up
 * to 4.8. Like that server, the hub ignores everything that is no such command.
 */
import { z } from 'zod';
import { BelfryError, ProtocolError } from '../model/errors.ts';
import { HUB_TYPE, type HubEvent, type NewEvent } from '../model/event.ts';
import type { Format } from '../model/format.ts';
import {
  isFields,
  isJsonObject,
  textOf,
  valueOf,
  type Body,
  type Fields,
  type Value,
} from '../model/json.ts';
import { lower } from '../model/redact-names.ts';
import { Pattern } from '../model/pattern.ts';
import { goTime, isGoZeroTime, isRfc3339 } from '../model/time.ts';
import { HEARTBEAT, Refusal, type Command, type Dialect, type Session, type OpenRequest } from './dialect.ts';
import { apiRefusal, type HttpRefusal } from './refusal.ts';
import { anyJson, rfc3339 } from './shapes.ts';

const FORMAT = {
  whole: ['Type'],
  partly: ['Action'],
  isOpen: true,
  asGo: true,
  fields: {
    time: 'time?',
    type: 'filled',
    action: 'filled',
    key: 'text?',
    principal: 'text?',
    object: 'json?',
    original: 'json?',
  },
  object: 'object',
  topic: { kind: 'fields', type: 'type', action: 'action', key: 'key' },
} as const satisfies Format;

/** An event as a publisher writes it. */
const written = z
  .looseObject({
    Time: rfc3339.nullish().describe('When it happened; if absent, the hub adds it'),
    Type: z.string().min(1).describe('What kind of thing it is about, such as profiles'),
    Action: z.string().min(1).describe('What happened to it, such as save'),
    Key: z.string().nullish().describe('Which one it is'),
    Principal: z.string().nullish().describe('Who caused it; the hub replaces it'),
    Object: anyJson.optional().describe('The thing after the change'),
    Original: anyJson.optional().describe('The thing before the change'),
  })
  .meta({
    description: 'The names are read without regard to case, as Go does.',
    // For programs that make a form of the schema, since JSON Schema has none of its own.
    'x-ignore-case': true,
  });

const heard = z.strictObject({
  Time: rfc3339,
  Type: z.string().regex(/^(?!websocket$)[\s\S]+$/),
  Action: z.string(),
  Key: z.string(),
  Principal: z.string(),
  Object: anyJson,
  Original: anyJson,
});

const ENTRY_POINT = {
  summary: 'Digital Rebar Provision: register and deregister in plain text',
  sends: {
    event: heard,
    ack: heard.extend({
      Type: z.literal('websocket'),
      Action: z.enum(['register', 'deregister']),
      Principal: z.literal(''),
      Object: z.null(),
      Original: z.null(),
    }),
  },
  takes: {
    register: z.string().regex(/^\s*register [\s\S]*\S/),
    deregister: z.string().regex(/^\s*deregister [\s\S]*\S/),
  },
};

const ACK_ACTIONS: ReadonlyMap<unknown, string> = new Map([
  ['subscribe', 'register'],
  ['unsubscribe', 'deregister'],
]);

export const drp: Dialect = {
  name: 'drp',
  listener: { port: 8092, tls: true },
  entryPoints: [
    { ...ENTRY_POINT, path: '/ws' },
    { ...ENTRY_POINT, path: '/api/v3/ws' },
  ],
  publishing: { format: FORMAT, fields: 'Type, Action, Key', schema: written, parse },

  open({ caller }: OpenRequest): Session {
    if (caller instanceof BelfryError) {
      const { status, headers, body } = drpRefusal(caller, 'GET');
      throw new Refusal(status, headers, body);
    }
    return { identity: caller, subscriptions: [], heartbeat: HEARTBEAT };
  },

  decode(frame: string): Command {
    const text = frame.trim();
    const space = text.indexOf(' ');
    const ref = text.slice(space + 1);
    switch (space < 0 ? '' : text.slice(0, space)) {
      case 'register':
        return {
          kind: 'subscribe',
          ref,
          subscriptions: [{ name: ref, pattern: lenientPattern(ref), filters: [] }],
        };
      case 'deregister':
        return { kind: 'unsubscribe', ref, names: [ref] };
      default:
        throw new ProtocolError(
          'command_invalid',
          'Not a command. Expected "register <filter>" or "deregister <filter>".',
        );
    }
  },

  encode(event: HubEvent): string | undefined {
    if (event.type === HUB_TYPE) return encodeAck(event);
    const { time, type, action, key, principal = 'unknown', object, original = null } = event;
    return encodeFields(time, type, action, key, principal, object, original);
  },
};

function parse(body: Body): NewEvent | undefined {
  if (!isFields(body)) return undefined;
  if (!('Type' in body || 'Action' in body)) return undefined;
  const fields = foldNames(body);
  const time = textField(fields, 'time');
  return {
    type: requiredField(fields, 'type'),
    action: requiredField(fields, 'action'),
    key: textField(fields, 'key') ?? '',
    object: fields['object'] ?? null,
    ...(fields['original'] != null && { original: fields['original'] }),
    ...optional('principal', textField(fields, 'principal') || undefined),
    ...optional('time', time === undefined || isGoZeroTime(time) ? undefined : checkedTime(time)),
  };
}

/** Status, headers and body of a refusal as DRP's clients know it, before an upgrade and on DRP's own REST paths. */
export function drpRefusal(error: BelfryError, method: string): HttpRefusal {
  const challenge = { 'WWW-Authenticate': 'dr-provision' };
  if (error.status === 401) return { status: 401, headers: challenge, body: '' };
  const { status, headers, body } = apiRefusal(error, method);
  if (error.code === 'token_invalid') Object.assign(headers, challenge);
  return { status, headers, body };
}

/**
 * A client counts its acks and waits for each. So every command that could be read gets an ack, even if the hub
 * refused it because a grant is missing; the client then receives no events. DRP has no message for any other refusal
 * of a `register`.
 */
function encodeAck({ time, action, key, object }: HubEvent): string | undefined {
  const said = action === 'error' ? valueOf(object) : null;
  const { command, code } = isJsonObject(said) ? said : { command: action };
  const isDeaf = command === 'subscribe' && code !== undefined && code !== 'forbidden';
  const ack = isDeaf ? undefined : ACK_ACTIONS.get(command);
  return ack && encodeFields(time, 'websocket', ack, key, '', null, null);
}

/** All seven fields, always in the order of the Go struct. */
function encodeFields(
  time: string,
  Type: string,
  Action: string,
  Key: string,
  Principal: string,
  object: Value,
  original: Value,
): string {
  const envelope = JSON.stringify({ Time: goTime(time), Type, Action, Key, Principal }).slice(0, -1);
  return `${envelope},"Object":${textOf(object)},"Original":${textOf(original)}}`;
}

/** A filter that cannot be read is acknowledged and matches nothing. */
function lenientPattern(text: string): Pattern {
  try {
    return Pattern.parse(text);
  } catch {
    return Pattern.nothing(text);
  }
}

/** Go ignores the case of field names. A field that is there twice would be ambiguous, so it is refused. */
function foldNames(body: Fields): Fields {
  const folded: Record<string, Value> = {};
  for (const [name, value] of Object.entries(body)) {
    const field = lower(name);
    if (!Object.hasOwn(FORMAT.fields, field)) continue;
    if (Object.hasOwn(folded, field))
      throw invalid(`it has the field ${field} twice, in letters of different case`);
    folded[field] = value;
  }
  return folded;
}

function textField(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
  throw invalid(`${name} is not a string`);
}

function requiredField(fields: Fields, name: string): string {
  const value = textField(fields, name);
  if (!value) throw invalid(`${name} is missing or empty`);
  return value;
}

function checkedTime(time: string): string {
  if (isRfc3339(time)) return time;
  throw invalid('time is not a time in the format of RFC 3339');
}

function optional<Name extends string, T>(name: Name, value: T | undefined): { [name in Name]?: T } {
  return value === undefined ? {} : ({ [name]: value } as { [name in Name]: T });
}

function invalid(why: string): ProtocolError {
  return new ProtocolError(
    'event_invalid',
    `Not a drp event: ${why}. Expected Time?, Type, Action, Key?, Object?, Original?.`,
  );
}

/** The messages that native clients send and receive, as schemas, and the path of their sockets. */
import { z } from 'zod';
import { bound } from '../model/bound.ts';
import { HUB_TYPE } from '../model/event.ts';
import { MAX_IDEMPOTENCY_KEY } from '../model/idempotency.ts';
import { LEASE_NAME } from '../model/lease.ts';
import { SLOW_POLICIES_TEXT, SLOW_POLICY_NAMES } from '../model/slow-policies/index.ts';
import { cloudEvent } from './cloudevents.ts';
import type { EntryPoint } from './dialect.ts';
import { nativeEvent } from './native-event.ts';
import { anyJson, anyNumber, anyText, byWord, fault, rfc3339 } from './shapes.ts';

/** The ids of one publish must fit into a header that every client and proxy accepts. */
export const MAX_EVENTS = bound('events of one publish', 256, 'entries', 'it is refused with event_invalid');
/** This many patterns are also what a connection may hold where no setting says otherwise. */
export const MAX_PATTERNS = bound('patterns of one command', 1_000, 'entries', 'the command is refused');

export const slowPolicy = z.enum(SLOW_POLICY_NAMES).describe(SLOW_POLICIES_TEXT);

export const MAX_ID_LENGTH = bound(
  'id of a native command',
  200,
  'characters',
  'the command is refused with command_invalid',
);
const commandId = z
  .union([z.string().max(MAX_ID_LENGTH), anyNumber.refine((id) => String(id).length <= MAX_ID_LENGTH)])
  .transform(String)
  .default('');
const patterns = z.array(z.string()).min(1).max(MAX_PATTERNS);

/** A lease, and the fence under which a publisher holds it. */
export const leaseName = z.string().regex(LEASE_NAME).describe('The name of a lease');
const fence = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

export const nativeCommand = z.discriminatedUnion('command', [
  z.strictObject({
    id: commandId,
    command: z.literal('subscribe'),
    patterns,
    filters: z.unknown().optional(),
    since: z.string().optional(),
    slow: slowPolicy.optional(),
  }),
  z.strictObject({ id: commandId, command: z.literal('unsubscribe'), patterns }),
  z.strictObject({
    id: commandId,
    command: z.literal('publish'),
    events: z.array(anyText).min(1).max(MAX_EVENTS),
    idempotencyKey: z.string().min(1).max(MAX_IDEMPOTENCY_KEY).optional(),
    lease: z.strictObject({ name: leaseName, fence }).optional(),
  }),
  z.strictObject({ id: commandId, command: z.literal('auth'), token: z.string().min(1) }),
  z.strictObject({ id: commandId, command: z.literal('ping') }),
]);

const cursor = z.string().describe('A position in the log: the id of an event. Opaque to clients');
const position = cursor.nullable();

/** An event as it stands in native frames, in event streams and in the history. */
export const heardEvent = nativeEvent.extend({
  id: cursor.optional(),
  time: rfc3339,
  type: z.string().regex(/^(?!belfry$)[\s\S]+$/),
  object: anyJson,
});

export const gapForm = z.strictObject({
  from: position,
  to: position,
  reason: z.enum(['trimmed', 'log lost', 'unknown cursor', 'slow']),
  dropped: z.int().optional(),
});

/** A message of the hub itself. Its key is the `id` of the command that it answers. */
function own(action: string, object: z.ZodType): z.ZodType {
  return z.strictObject({
    time: rfc3339,
    type: z.literal(HUB_TYPE),
    action: z.literal(action),
    key: z.string(),
    object,
  });
}

const names = z.array(z.string());

export const asForm = z
  .enum(['cloudevents'])
  .describe('With "cloudevents" the events come as CloudEvents 1.0 in JSON; if absent, in the native format');

export const ENTRY_POINT: EntryPoint = {
  path: '/ws',
  summary: "Belfry's own protocol",
  query: {
    pattern: z.array(z.string()).describe('A pattern type.action.key to subscribe to at once'),
    filters: z.string().describe('JSON with paths into the event, each with a value or a list of values'),
    slow: slowPolicy,
    since: z.string().describe('A cursor, or a time in the format of RFC 3339'),
    as: asForm,
  },
  sends: {
    event: heardEvent,
    subscribed: own('subscribe', z.strictObject({ patterns: names, cursor })),
    unsubscribed: own('unsubscribe', z.strictObject({ patterns: names })),
    published: own('publish', z.strictObject({ ids: z.array(cursor) })),
    authenticated: own('auth', z.strictObject({ principal: z.string(), expiresAt: rfc3339.nullable() })),
    pong: own('ping', z.strictObject({ cursor })),
    refused: own('error', z.strictObject({ command: z.string().nullable(), ...fault })),
    gap: own('gap', gapForm),
    cloudevent: cloudEvent.describe('With as=cloudevents: every message, those of the hub itself included'),
  },
  takes: byWord('command', nativeCommand),
};

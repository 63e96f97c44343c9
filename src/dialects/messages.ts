/**
 * What travels on the socket of each dialect, and what publishers write, as schemas: those by which the hub reads, where
 * it reads by one, and else forms that tests hold to the golden frames and to a running node.
 */
import { z } from 'zod';
import { ERRORS, type ErrorCode } from '../model/errors.ts';
import { HUB_TYPE } from '../model/event.ts';
import type { DialectName } from './dialect.ts';
import { ACTIONS } from './dorgu.ts';
import { nativeEvent } from './native-event.ts';
import { nativeCommand } from './native.ts';
import { TYPES } from './norn.ts';
import { provisioningCommand, provisioningEvent } from './provisioning.ts';
import { anyJson, anyObject, rfc3339 } from './shapes.ts';

export type Messages = Readonly<Record<string, z.ZodType>>;

const cursor = z.string().describe('A position in the log: the id of an event. Opaque to clients.');
const position = cursor.nullable();
export const errorCode = z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]);
const fault = {
  code: errorCode,
  message: z.string(),
  see: z.string(),
  idempotencyKey: z.string().optional(),
};

/** An event as native clients, event streams and history have it. */
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

/** What the hub says by itself; the key is the `id` of the command that it answers. */
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
const heardDrpEvent = z.strictObject({
  Time: rfc3339,
  Type: z.string().regex(/^(?!websocket$)[\s\S]+$/),
  Action: z.string(),
  Key: z.string(),
  Principal: z.string(),
  Object: anyJson,
  Original: anyJson,
});
const heardProvisioningEvent = provisioningEvent.extend({ timestamp: rfc3339, metadata: anyObject });
const nornEvent = {
  type: z.string().regex(new RegExp(`^(${TYPES.replaceAll(',', '|')})\\.[\\s\\S]+$`)),
  appId: z.string(),
};

/** What the hub sends to clients of a dialect; Mist has words of its own at each path. */
export const SENT: Readonly<Record<Exclude<DialectName, 'mist'>, Messages>> = {
  native: {
    event: heardEvent,
    subscribed: own('subscribe', z.strictObject({ patterns: names, cursor })),
    unsubscribed: own('unsubscribe', z.strictObject({ patterns: names })),
    published: own('publish', z.strictObject({ ids: z.array(cursor) })),
    authenticated: own('auth', z.strictObject({ principal: z.string(), expiresAt: rfc3339.nullable() })),
    pong: own('ping', z.strictObject({})),
    refused: own('error', z.strictObject({ command: z.string().nullable(), ...fault })),
    gap: own('gap', gapForm),
  },
  drp: {
    event: heardDrpEvent,
    ack: heardDrpEvent.extend({
      Type: z.literal('websocket'),
      Action: z.enum(['register', 'deregister']),
      Principal: z.literal(''),
      Object: z.null(),
      Original: z.null(),
    }),
  },
  provisioning: {
    event: heardProvisioningEvent,
    batch: z.strictObject({
      type: z.literal('batch'),
      timestamp: rfc3339,
      events: z.array(heardProvisioningEvent).min(2),
    }),
    subscribed: z.strictObject({ type: z.enum(['subscribed', 'unsubscribed']), events: names }),
    authenticated: z.strictObject({
      type: z.literal('authenticated'),
      principal: z.string(),
      expires_at: rfc3339.nullable(),
    }),
    pong: z.strictObject({ type: z.literal('pong') }),
    refused: z.strictObject({ type: z.literal('error'), ...fault }),
  },
  norn: { event: z.strictObject({ ...nornEvent, payload: anyJson.meta({ not: { type: 'null' } }) }) },
  dorgu: {
    event: z.strictObject({
      type: z.enum([...ACTIONS].map((action) => `cluster.${action}`)),
      data: z.strictObject({ name: z.string() }),
    }),
  },
};

/** What clients of a dialect say that the hub does not pass over. */
export const TAKEN: Readonly<Record<DialectName, Messages>> = {
  native: byWord('command', nativeCommand),
  drp: {
    register: z.string().regex(/^\s*register [\s\S]*\S/),
    deregister: z.string().regex(/^\s*deregister [\s\S]*\S/),
  },
  provisioning: byWord('type', provisioningCommand),
  norn: {},
  dorgu: {},
  mist: {},
};

/** An event in each format that publishers may use, at any entry point. */
export const PUBLISHED: Messages = {
  native: nativeEvent,
  drp: z
    .looseObject({
      Time: rfc3339.nullish(),
      Type: z.string().min(1),
      Action: z.string().min(1),
      Key: z.string().nullish(),
      Principal: z.string().nullish(),
      Object: anyJson.optional(),
      Original: anyJson.optional(),
    })
    .describe('The names are read without regard to case, as Go does.'),
  provisioning: provisioningEvent,
  norn: z.looseObject({
    type: z.string().regex(/^[^.]+\.[\s\S]+$/),
    appId: z.string(),
    payload: anyJson.optional(),
  }),
  dorgu: z.looseObject({
    type: z.string().regex(/^[^.]+\.[\s\S]+$/),
    data: z.looseObject({ name: z.string() }),
  }),
};

/** The commands of a union, each under the word by which it is told from the others. */
function byWord(word: string, { options }: { readonly options: readonly z.ZodObject[] }): Messages {
  return Object.fromEntries(
    options.map((option) => [(option.shape[word] as z.ZodLiteral<string>).value, option]),
  );
}

/** What REST answers, as schemas; a test holds them to what a running node answers, and the compiler to its types. */
import { z } from 'zod';
import { gapForm, heardEvent, PUBLISHED } from '../../dialects/messages.ts';
import { anyJson, anyObject, rfc3339 } from '../../dialects/shapes.ts';
import type { Explanation } from '../../hub/explain.ts';
import type { DeadLetter } from '../../model/dead-letter.ts';
import type { NodeReport } from '../../registry/node-directory.ts';
import type { ConnectionRecord, Presence, Seen } from '../../registry/registry.ts';

const connection: z.ZodType<ConnectionRecord> = z.strictObject({
  Type: z.enum(['websocket', 'stream', 'api']),
  RemoteAddr: z.string().describe('ip:port of the client'),
  Principal: z.string(),
  CreateTime: rfc3339,
  ExpiresAt: rfc3339.nullable(),
  Id: z.string(),
  Node: z.string(),
  Dialect: z.string(),
  Patterns: z.array(z.string()),
  UserAgent: z.string(),
});

const presence: z.ZodType<Presence> = z.strictObject({
  principal: z.string(),
  online: z.boolean(),
  since: rfc3339.nullable(),
  lastSeen: rfc3339.nullable(),
  connections: z.array(connection),
});

const seen: z.ZodType<Seen> = z.strictObject({
  principal: z.string(),
  online: z.boolean(),
  since: rfc3339.nullable(),
  lastSeen: rfc3339.nullable(),
});

const deadLetter: z.ZodType<DeadLetter> = z.strictObject({
  id: z.string(),
  entry: z.string(),
  time: rfc3339,
  reason: z.string().describe('An error code'),
  message: z.string(),
  event: z.string(),
});

const explanation: z.ZodType<Explanation> = z.strictObject({
  event: z.string(),
  topic: z.string(),
  connection: z.string(),
  node: z.string(),
  outcome: z.enum([
    'sent',
    'queued',
    'not_reached',
    'not_subscribed',
    'not_permitted',
    'filtered',
    'unsupported',
  ]),
  why: z.array(
    z.strictObject({
      rule: z.enum(['reached', 'subscribed', 'grant', 'filter', 'dialect', 'queue']),
      passed: z.boolean(),
      detail: z.string(),
    }),
  ),
});

const info = z.strictObject({
  arch: z.string(),
  os: z.string(),
  version: z.string(),
  id: z.string().describe('The name of the node'),
  api_port: z.int(),
  features: z.array(z.string()),
  stats: z.array(z.strictObject({ name: z.string(), count: z.int() })),
});

const page = z.strictObject({
  events: z.array(heardEvent),
  cursor: z.string().describe('To go on with as since'),
  more: z.boolean(),
  earlier: z.string().optional().describe('To go back with as until'),
  gap: gapForm.optional(),
});

const refusal = z
  .strictObject({
    Model: z.string(),
    Key: z.string(),
    Type: z.string(),
    Messages: z.array(z.string()).min(1),
    Code: z.int().describe('The status'),
    idempotencyKey: z
      .string()
      .optional()
      .describe('With outcome_unknown: the key under which a repetition is published once'),
  })
  .describe('What was wrong, what was expected, and where to read more: "See README.md#<error code>".');

const cluster = z.looseObject({ name: z.string(), spec: anyJson, status: anyJson });

const node: z.ZodType<NodeReport> = z.strictObject({
  name: z.string().describe('As BELFRY_NODE has it'),
  version: z.string(),
  since: rfc3339.describe('When it started'),
  digest: z.string().describe('Of the settings that all nodes should share: equal where all of those are'),
  connections: z.int().describe('Sockets and streams that it holds'),
  ready: z.boolean(),
  warnings: z.array(z.string()).describe('What is wrong with it beside others, a sentence each'),
});

/** Every schema of the API, by name. */
export const SCHEMAS = {
  ...(Object.fromEntries(
    Object.entries(PUBLISHED).map(([dialect, schema]) => [`Published_${dialect}`, schema]),
  ) as Record<string, z.ZodType>),
  AnyJson: anyJson,
  Cluster: cluster,
  Clusters: z.strictObject({ clusters: z.array(cluster) }),
  Connection: connection,
  Connections: z.array(connection),
  DeadLetters: z.array(deadLetter),
  DeadLetter: deadLetter,
  Document: anyObject,
  Explanation: explanation,
  Health: z.strictObject({ status: z.literal('ok') }),
  Info: info,
  Nodes: z.array(node),
  NotReady: z.strictObject({ status: z.literal('not ready'), reason: z.string() }),
  Objects: z.array(anyJson).describe('The latest object of each key'),
  Page: page,
  Presence: presence,
  PresenceOrOnline: z.union([presence, z.array(seen)]),
  Ready: z.strictObject({
    status: z.literal('ready'),
    publishing: z.boolean().describe('Whether Redis took what this node last published, or would'),
    reason: z.string().optional().describe('What stands in the way of that'),
    warnings: z.array(z.string()).describe('What is wrong beside other nodes, or with Redis'),
  }),
  Refusal: refusal,
  Revocation: z.strictObject({ Id: z.string(), Until: rfc3339 }),
  Token: z.strictObject({ Token: z.string(), Info: z.strictObject({}) }),
} satisfies Readonly<Record<string, z.ZodType>>;

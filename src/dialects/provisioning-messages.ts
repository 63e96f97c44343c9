/**
 * The messages that clients of the Provisioning Platform send and receive, as schemas, and the paths of their sockets.
 */
import { z } from 'zod';
import { bound } from '../model/bound.ts';
import type { EntryPoint } from './dialect.ts';
import { provisioningEvent } from './provisioning-event.ts';
import { eventTypesIn } from './provisioning-subscriptions.ts';
import { anyObject, byWord, fault, readObject, rfc3339 } from './shapes.ts';

export const BATCH_SIZE_MAX = bound(
  'events of a provisioning frame',
  1_000,
  'entries',
  'a larger size is refused with 400',
);

const REFUSED = 'the command is refused with command_invalid';
export const MAX_EVENT_TYPES = bound('event types in one command of provisioning', 1_000, 'entries', REFUSED);
const MAX_EVENTS_TEXT = bound('text of the event types of provisioning', 65_536, 'characters', REFUSED);

const events = z
  .union([z.string().max(MAX_EVENTS_TEXT), z.array(z.string()).max(MAX_EVENT_TYPES)])
  .transform(eventTypesIn)
  .refine((eventTypes) => eventTypes.length > 0, 'expected at least one event type');

// Unknown fields are ignored, as the platform does.
export const provisioningCommand = z.discriminatedUnion('type', [
  z.object({ type: z.literal('auth'), token: z.string().min(1) }),
  z.object({
    type: z.literal('subscribe'),
    events,
    filters: readObject.default({}),
  }),
  z.object({ type: z.literal('unsubscribe'), events }),
  z.object({ type: z.literal('ping') }),
]);

const heard = provisioningEvent.extend({ timestamp: rfc3339, metadata: anyObject });
const text = (says: string): z.ZodType => z.string().describe(says);

const MESSAGES = {
  sends: {
    event: heard,
    batch: z.strictObject({
      type: z.literal('batch'),
      timestamp: rfc3339,
      events: z.array(heard).min(2),
    }),
    subscribed: z.strictObject({ type: z.enum(['subscribed', 'unsubscribed']), events: z.array(z.string()) }),
    authenticated: z.strictObject({
      type: z.literal('authenticated'),
      principal: z.string(),
      expires_at: rfc3339.nullable(),
    }),
    pong: z.strictObject({ type: z.literal('pong') }),
    refused: z.strictObject({ type: z.literal('error'), ...fault }),
  },
  takes: byWord('type', provisioningCommand),
};

const QUERY = {
  batch_size: z
    .int()
    .min(1)
    .max(BATCH_SIZE_MAX)
    .describe('The largest number of events in one frame; 1 when absent'),
  compression: z.enum(['true', 'false']),
};

export const ENTRY_POINTS: readonly EntryPoint[] = [
  {
    ...MESSAGES,
    path: '/ws',
    summary: 'The Provisioning Platform',
    query: { ...QUERY, events: text('Event types, comma-separated; all when absent') },
  },
  { ...MESSAGES, path: '/metrics', summary: 'Metrics of the Provisioning Platform', query: QUERY },
  {
    ...MESSAGES,
    path: '/logs',
    summary: 'Log entries of the Provisioning Platform',
    query: {
      ...QUERY,
      level: text('Levels, comma-separated'),
      component: text('Components, comma-separated'),
      search: text('A text that the message contains'),
    },
  },
];

import { z } from 'zod';
import type { EventFormats } from '../../dialects/event-formats.ts';
import { errorCode, rfc3339 } from '../../dialects/shapes.ts';
import { controlCommandSchema } from '../../registry/control.ts';
import type { Channel } from './socket-channels.ts';

const eventText = z.string().describe('An event as JSON, in any format');
const NOTHING = {};

/** Channels, streams and the function of Redis, where nodes share one. */
export function redisChannels(prefix: string, { schemas }: Pick<EventFormats, 'schemas'>): Channel[] {
  const published = z.union(Object.values(schemas));
  return [
    {
      address: `${prefix}:events`,
      summary: 'Channel: what others PUBLISH live only',
      sends: NOTHING,
      takes: { live: z.union([published, z.array(published)]) },
    },
    {
      address: `${prefix}:log`,
      summary: 'Channel: what nodes tell each other of the log; for nobody else to PUBLISH',
      sends: {
        entry: z
          .string()
          .regex(/^\d+-\d+ \d+-\d+ \{[\s\S]*\}$/)
          .describe('<id before it> <id> <event as JSON>'),
      },
      takes: NOTHING,
    },
    {
      address: `{${prefix}}:ingress`,
      summary: 'Stream: the durable ingress, XADD * event <JSON>',
      sends: NOTHING,
      takes: { entry: z.strictObject({ event: eventText }) },
    },
    {
      address: `{${prefix}}:log`,
      summary: 'Stream: the log; written by the hub and by the function alone',
      sends: { entry: z.strictObject({ p: z.string().describe('The id before it'), e: eventText }) },
      takes: NOTHING,
    },
    {
      address: `{${prefix}}:dead-letters`,
      summary: 'Stream: what the ingress could not accept',
      sends: {
        entry: z.strictObject({
          reason: errorCode,
          message: z.string(),
          event: z.string(),
          time: rfc3339,
          entry: z.string().describe('The id that it had in the ingress'),
        }),
      },
      takes: NOTHING,
    },
    {
      address: 'belfry_publish',
      summary: `Function: FCALL belfry_publish 1 {${prefix}}:log <event> [<event> …]`,
      sends: {
        ids: z.array(z.string()).describe('The answer: the id of each event'),
        refused: z
          .string()
          .regex(/^BELFRY \w+: /)
          .describe('The answer as an error: BELFRY <code>: <what was wrong>; expected …'),
      },
      takes: { event: published },
    },
    {
      address: `${prefix}:control`,
      summary: 'Channel: orders to close connections and revoke tokens',
      sends: NOTHING,
      takes: { command: controlCommandSchema },
    },
  ];
}

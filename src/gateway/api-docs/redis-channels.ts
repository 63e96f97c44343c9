import { z } from 'zod';
import type { EventFormats } from '../../dialects/event-formats.ts';
import { errorCode, rfc3339 } from '../../dialects/shapes.ts';
import { controlCommandSchema } from '../../registry/control.ts';
import type { Channel } from './socket-channels.ts';

const eventText = z.string().describe('An event as JSON, in any format');
const NOTHING = {};

/** The channels, streams and the function of Redis, for nodes that share one. */
export function redisChannels(prefix: string, { schemas }: Pick<EventFormats, 'schemas'>): Channel[] {
  const published = z.union(Object.values(schemas));
  return [
    {
      address: `${prefix}:events`,
      summary: 'Channel to which publishers PUBLISH events that are not kept',
      sends: NOTHING,
      takes: { live: z.union([published, z.array(published)]) },
    },
    {
      address: `${prefix}:log`,
      summary:
        'Channel on which nodes tell each other the events of the log and of the registry; nobody else may PUBLISH here',
      sends: {
        entry: z
          .string()
          .regex(/^A[cp]\w* (?:\d+-\d+)?(?:[\u00ff\ufffd][^\u00ff\ufffd]*){5,}$/)
          .describe(
            'Bytes: <version><form><digest of the masks> <id before the first event>, then for each event, each after a byte ' +
              '0xFF: id, type, action, key and the event as JSON. Read as Latin-1, that byte is the character ÿ',
          ),
      },
      takes: NOTHING,
    },
    {
      address: `{${prefix}}:ingress`,
      summary: 'Stream of the durable ingress: XADD * event <JSON>',
      sends: NOTHING,
      takes: { entry: z.strictObject({ event: eventText }) },
    },
    {
      address: `{${prefix}}:log`,
      summary: 'Stream of the log; only the hub and the function write to it',
      sends: {
        entry: z.strictObject({ p: z.string().describe('The id of the entry before'), e: eventText }),
      },
      takes: NOTHING,
    },
    {
      address: `{${prefix}}:dead-letters`,
      summary: 'Stream of dead letters, which the ingress could not accept',
      sends: {
        entry: z.strictObject({
          reason: errorCode,
          message: z.string(),
          event: z.string(),
          time: rfc3339,
          entry: z.string().describe('The id of the entry in the ingress'),
        }),
      },
      takes: NOTHING,
    },
    {
      address: 'belfry_publish',
      summary: `Function: FCALL belfry_publish 1 {${prefix}}:log <event> [<event> …]`,
      sends: {
        ids: z.array(z.string()).describe('The answer, with the id of each event'),
        refused: z
          .string()
          .regex(/^BELFRY \w+: /)
          .describe('The answer as an error: BELFRY <code>: <what was wrong>; expected …'),
      },
      takes: { event: published },
    },
    {
      address: `${prefix}:control`,
      summary: 'Channel of the commands that close connections and revoke tokens',
      sends: NOTHING,
      takes: { command: controlCommandSchema },
    },
  ];
}

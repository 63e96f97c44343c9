/**
 * Dorgu sends `{"type":"cluster.updated","data":{"name":"prod"}}` to everybody who connects. Only the name is sent: a
 * page that receives it fetches the cluster by REST. The source is Dorgu's document; where its server differs, the
 * line says so.
 */
import { z } from 'zod';
import type { HubEvent, NewEvent } from '../model/event.ts';
import type { Format } from '../model/format.ts';
import { changed } from '../model/heard-event.ts';
import { isFields, isJsonObject, valueOf, type Body } from '../model/json.ts';
import { Pattern } from '../model/pattern.ts';
import { REMOVING_ACTIONS } from '../model/retention.ts';
import { HEARTBEAT, type Command, type Dialect, type Session, type OpenRequest } from './dialect.ts';
import { eventOf, PublicBroadcast, IGNORED } from './public-broadcast.ts';

const TYPE = 'cluster';
const ACTIONS: ReadonlySet<string> = new Set(['added', 'updated', 'deleted']);
const broadcast = new PublicBroadcast(Pattern.parse(`${TYPE}.${[...ACTIONS].join(',')}.*`));

/**
 * Dorgu's page reads the list of clusters once, and reads it again only when it receives an event. So a page that lost
 * its connection for a while is told, when it is back, about the cluster that changed last. It then reads everything
 * that it missed.
 */
const REPLAY: Session['replay'] = {
  retained: [{ type: TYPE, action: '*', count: 1 }],
  as: (event) => changed(event, { action: REMOVING_ACTIONS.includes(event.action) ? 'deleted' : 'updated' }),
};

const FORMAT = {
  whole: ['type', 'data.name'],
  isOpen: true,
  fields: { type: 'text', data: 'object' },
  object: 'data',
  topic: { kind: 'dotted', name: 'type', key: 'data.name' },
} as const satisfies Format;

/** An event as a publisher writes it. */
const written = z.looseObject({
  type: z
    .string()
    .regex(/^[^.]+\.[\s\S]+$/)
    .meta({
      description: 'A type and an action',
      examples: [...ACTIONS].map((action) => `${TYPE}.${action}`),
    }),
  data: z
    .looseObject({ name: z.string().describe('The name of the cluster, which is the key of the event') })
    .describe('The object of the event, such as the whole cluster'),
});

const heard = z.strictObject({
  type: z.enum([...ACTIONS].map((action) => `${TYPE}.${action}`)),
  data: z.strictObject({ name: z.string() }),
});

export const dorgu: Dialect = {
  name: 'dorgu',
  listener: { port: 8080, tls: false },
  isAnonymous: true,
  entryPoints: [
    {
      path: '/ws',
      summary: 'Dorgu: sends the names of changed clusters to everybody, ignores what it is sent',
      sends: { event: heard },
      takes: {},
    },
  ],
  publishing: { format: FORMAT, fields: 'type, data.name', schema: written, parse },
  ignoresBinary: true,

  /**
   * Dorgu's document accepts frames of at most 512 bytes, and its server accepts 512 KiB. The setting says which limit
   * holds here.
   */
  open({ caller, anonymous, settings }: OpenRequest): Session {
    return {
      ...broadcast.open(caller, anonymous),
      heartbeat: HEARTBEAT,
      replay: REPLAY,
      limits: { inboundMaxBytes: settings.dorguInboundMaxBytes },
    };
  },

  decode(): Command {
    return IGNORED;
  },

  encode({ type, action, key }: HubEvent): string | undefined {
    if (type !== TYPE || !ACTIONS.has(action)) return undefined;
    return JSON.stringify({ type: `${type}.${action}`, data: { name: key } });
  },

  /**
   * Dorgu's page fetches everything again at each frame, so a burst is sent as one frame. It is one frame for each
   * action, since a page may wait for `added` alone. The newest event still comes last.
   */
  conflateBy({ action, key }: HubEvent): string {
    return `${action} ${key}`;
  },
};

/** `data` may hold the whole cluster. The hub keeps it for clients that ask by REST. */
function parse(body: Body): NewEvent | undefined {
  if (!isFields(body)) return undefined;
  const { type, data = null } = body;
  const cluster = valueOf(data);
  if (!isJsonObject(cluster)) return undefined;
  const { name } = cluster;
  if (typeof type !== 'string' || !type.includes('.') || typeof name !== 'string') return undefined;
  return eventOf(type, name, data);
}

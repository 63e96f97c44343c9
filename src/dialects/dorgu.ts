/**
 * Dorgu: `{"type":"cluster.updated","data":{"name":"prod"}}` for everybody who asks. Only the name goes out: a page that
 * hears it fetches the cluster by REST. Source: its document; where its server differs, the line says so.
 */
import { z } from 'zod';
import type { HubEvent, NewEvent } from '../model/event.ts';
import type { Format } from '../model/format.ts';
import { isFields, isJsonObject, valueOf, type Body } from '../model/json.ts';
import { Pattern } from '../model/pattern.ts';
import { REMOVING_ACTIONS } from '../model/retention.ts';
import { HEARTBEAT, type Command, type Dialect, type Session, type OpenRequest } from './dialect.ts';
import { eventOf, PublicBroadcast, IGNORED } from './public-broadcast.ts';

const TYPE = 'cluster';
const ACTIONS: ReadonlySet<string> = new Set(['added', 'updated', 'deleted']);
const broadcast = new PublicBroadcast(Pattern.parse(`${TYPE}.${[...ACTIONS].join(',')}.*`));

/**
 * Its page reads the list of clusters once, and again only when it hears of one. So a page that lost its connection for a
 * while is told, when it is back, of the cluster that changed last: whatever it missed, it then reads.
 */
const REPLAY: Session['replay'] = {
  retained: [{ type: TYPE, action: '*', count: 1 }],
  as: (event) => ({ ...event, action: REMOVING_ACTIONS.includes(event.action) ? 'deleted' : 'updated' }),
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
  type: z.string().regex(/^[^.]+\.[\s\S]+$/),
  data: z.looseObject({ name: z.string() }),
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
      summary: 'Dorgu: names of clusters that changed, to everybody; what is said to it is passed over',
      sends: { event: heard },
      takes: {},
    },
  ],
  publishing: { format: FORMAT, fields: 'type, data.name', schema: written, parse },
  ignoresBinary: true,

  /** Its document takes frames of 512 bytes at most and its server of 512 KiB; the setting says which holds here. */
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
   * Its page fetches everything anew at each frame, so a burst is told once. Once for each action, lest one that waits
   * for `added` never hear of it; what happened last still comes last.
   */
  conflateBy({ action, key }: HubEvent): string {
    return `${action} ${key}`;
  },
};

/** `data` may hold the whole cluster, which the hub keeps for those who ask by REST. */
function parse(body: Body): NewEvent | undefined {
  if (!isFields(body)) return undefined;
  const { type, data = null } = body;
  const cluster = valueOf(data);
  if (!isJsonObject(cluster)) return undefined;
  const { name } = cluster;
  if (typeof type !== 'string' || !type.includes('.') || typeof name !== 'string') return undefined;
  return eventOf(type, name, data);
}

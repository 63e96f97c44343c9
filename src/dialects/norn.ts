/**
 * Norn sends `{"type":"deploy.step","appId":"myapp","payload":{…}}`, one object in each frame, to everybody who
 * connects. The sources are its document and the wire facts of both versions of its server, which send more types than
 * the document names.
 */
import { z } from 'zod';
import { bound } from '../model/bound.ts';
import type { HubEvent, NewEvent } from '../model/event.ts';
import type { Format } from '../model/format.ts';
import { isFields, textOf, type Body } from '../model/json.ts';
import { Pattern } from '../model/pattern.ts';
import { PING_MS, Refusal, type Command, type Dialect, type Session, type OpenRequest } from './dialect.ts';
import { LOOK_BACK_MS, missedBy } from './norn-sagas.ts';
import { eventOf, PublicBroadcast, IGNORED } from './public-broadcast.ts';
import { anyJson } from './shapes.ts';

/** The types of the document and of version 2, followed by the types that only version 1 has. */
const TYPES = 'deploy,preflight,app,function,snapshot,beacon,forge,teardown,secrets,health,cron,func';
const TYPE_SET: ReadonlySet<string> = new Set(TYPES.split(','));
const broadcast = new PublicBroadcast(Pattern.parse(`${TYPES}.*.*`));

/**
 * Norn's own server pings nobody and never finds out which clients are gone. All its clients answer pings. They may
 * miss two pings before they are cut.
 */
const PONG_WAIT_MS = bound('time without a sign of life of a norn socket', 75_000, 'ms', 'it is cut');
const HEARTBEAT = { pingMs: PING_MS, pongWaitMs: PONG_WAIT_MS };

/** The limit of Norn's document: when this many deliveries wait, one more closes the connection. */
const QUEUE_MAX_DELIVERIES = bound(
  'deliveries that wait for a slow norn socket',
  64,
  'entries',
  'the socket is closed with 4008',
);

const DEFAULT_ORIGINS: ReadonlySet<string> = new Set(['http://localhost:5173', 'http://localhost:3000']);

/** An origin on the client's own machine, with any scheme and port. */
const LOCAL_ORIGIN = /^[a-z][a-z\d+.-]*:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d*)?(?:[/?#].*)?$/;

const FORMAT = {
  whole: ['type', 'appId', 'payload'],
  // Norn's document has a payload in every event. A publisher that has nothing to say leaves it out.
  partly: ['type', 'appId'],
  isOpen: true,
  fields: { type: 'text', appId: 'text', payload: 'json?' },
  object: 'payload',
  topic: { kind: 'dotted', name: 'type', key: 'appId' },
} as const satisfies Format;

/** An event as a publisher writes it. */
const written = z.looseObject({
  type: z
    .string()
    .regex(/^[^.]+\.[\s\S]+$/)
    .describe('A type and an action, such as deploy.step'),
  appId: z.string().describe('The app that it is about, which is the key of the event'),
  payload: anyJson.optional().describe('The object of the event'),
});

const heard = z.strictObject({
  type: z.string().regex(new RegExp(`^(${TYPES.replaceAll(',', '|')})\\.[\\s\\S]+$`)),
  appId: z.string(),
  payload: anyJson.meta({ not: { type: 'null' } }),
});

export const norn: Dialect = {
  name: 'norn',
  listener: { port: 8800, tls: false },
  isAnonymous: true,
  entryPoints: [
    {
      path: '/ws',
      summary: 'Norn: sends events of its own types to everybody, reads nothing',
      sends: { event: heard },
      takes: {},
    },
  ],
  publishing: { format: FORMAT, fields: 'type, appId, payload', schema: written, parse },
  checksOrigin: true,
  ignoresBinary: true,

  open({ origin = '', caller, now, anonymous, settings }: OpenRequest): Session {
    checkOrigin(origin, settings.nornAllowedOrigins);
    // Every browser sends an origin, and no other client of Norn's does.
    const isPage = origin !== '';
    return {
      ...broadcast.open(caller, anonymous),
      heartbeat: HEARTBEAT,
      replay: { lastMs: LOOK_BACK_MS, select: (events) => missedBy(isPage, events, now) },
      limits: { queueMaxDeliveries: QUEUE_MAX_DELIVERIES },
    };
  },

  decode(): Command {
    return IGNORED;
  },

  /** A payload is never null, because Norn's own page shows nothing at all when it gets one. */
  encode({ type, action, key, object }: HubEvent): string | undefined {
    if (!TYPE_SET.has(type)) return undefined;
    const payload = textOf(object);
    const envelope = JSON.stringify({ type: `${type}.${action}`, appId: key }).slice(0, -1);
    return `${envelope},"payload":${payload === 'null' ? '{}' : payload}}`;
  },
};

function parse(body: Body): NewEvent | undefined {
  if (!isFields(body)) return undefined;
  const { type, appId, payload } = body;
  if (typeof type !== 'string' || typeof appId !== 'string') return undefined;
  return eventOf(type, appId, payload ?? {});
}

/**
 * Norn's own rule permits a client without an origin, an origin that is exactly one of the list, and the client's own
 * machine. There is no same-origin rule.
 * @throws Refusal as Norn words it
 */
function checkOrigin(origin: string, allowed: readonly string[]): void {
  if (origin === '' || DEFAULT_ORIGINS.has(origin) || allowed.includes(origin)) return;
  if (LOCAL_ORIGIN.test(origin)) return;
  throw new Refusal(
    403,
    { 'Content-Type': 'text/plain; charset=utf-8', 'Sec-Websocket-Version': '13' },
    'Forbidden',
  );
}

import { z } from 'zod';
import type { DialectName } from '../../dialects/dialect.ts';
import { SENT, TAKEN, type Messages } from '../../dialects/messages.ts';
import { STREAMS } from '../../dialects/mist-streams.ts';
import { native, slowPolicy } from '../../dialects/native.ts';
import { BATCH_SIZE_MAX } from '../../dialects/provisioning.ts';
import { TOKEN_PROTOCOL } from '../auth/credentials.ts';

/** What is said at one path of a listener, or in one thing of Redis. */
export interface Channel {
  readonly address: string;
  readonly summary: string;
  /** The messages from the hub, and those to it. */
  readonly sends: Messages;
  readonly takes: Messages;
  /** The parameters of a socket's URL. */
  readonly query?: Readonly<Record<string, z.ZodType>>;
  /** The headers of its handshake. */
  readonly headers?: Readonly<Record<string, z.ZodType>>;
}

/** The header that says which subprotocols a client offers; where it is described, a token may be among them. */
export const SUBPROTOCOLS = 'Sec-WebSocket-Protocol';

const text = (says: string): z.ZodType => z.string().describe(says);
const token = { token: text('A JWT, where it is not in the Authorization header') };
const offered = text(
  `Comma list: ${native.subprotocols?.join(' or ')}, of which the first that is offered is answered; ` +
    `${TOKEN_PROTOCOL}<JWT>, for a page that can set no header, is never answered`,
);
const levels = { level: text('Comma list'), component: text('Comma list'), search: text('In the message') };
const provisioningQuery = {
  ...token,
  batch_size: z.int().min(1).max(BATCH_SIZE_MAX).describe('Events in one frame at most; 1 when absent'),
  compression: z.enum(['true', 'false']),
};

/** Paths that are the socket of a dialect as such; under `/<dialect>/ws` on every listener, under `/ws` on its own. */
const ENTRY_POINTS: Readonly<
  Record<Exclude<DialectName, 'mist'>, Omit<Channel, 'address' | 'sends' | 'takes'>>
> = {
  native: {
    summary: "Belfry's own protocol",
    query: {
      ...token,
      pattern: z.array(z.string()).describe('Subscribes at once: type.action.key'),
      filters: text('JSON: paths into the event, each with a value or a list'),
      slow: slowPolicy,
      since: text('A cursor, or a time as RFC 3339 has it'),
    },
    headers: { [SUBPROTOCOLS]: offered },
  },
  drp: { summary: 'Digital Rebar Provision: register and deregister in plain text', query: token },
  provisioning: {
    summary: 'The Provisioning Platform',
    query: { ...provisioningQuery, events: text('Event types, comma-separated; all when absent') },
  },
  norn: { summary: 'Norn: tells of its own types, to everybody; takes nothing' },
  dorgu: {
    summary: 'Dorgu: names of clusters that changed, to everybody; what is said to it is passed over',
  },
};

function isEntryPoint(dialect: DialectName): dialect is keyof typeof ENTRY_POINTS {
  return dialect in ENTRY_POINTS;
}

/** The dialects that are served, and those of them that need no credentials. */
export interface Served {
  readonly dialects: readonly DialectName[];
  readonly anonymous: readonly DialectName[];
}

/** Every path at which a listener upgrades, but for the prefix `/<dialect>` before the paths of one system. */
export function socketChannels(
  byDefault: DialectName | undefined,
  { dialects: served, anonymous }: Served,
): Channel[] {
  const entryPoints = served.filter(isEntryPoint);
  const entryPoint = (
    dialect: keyof typeof ENTRY_POINTS,
    address: string,
    more: Partial<Channel> = {},
  ): Channel => ({
    ...(!anonymous.includes(dialect) && { query: token }),
    ...ENTRY_POINTS[dialect],
    address,
    sends: SENT[dialect],
    takes: TAKEN[dialect],
    ...more,
  });
  const logs = {
    summary: 'Log entries of the Provisioning Platform',
    query: { ...provisioningQuery, ...levels },
  };
  const metrics = { summary: 'Metrics of the Provisioning Platform', query: provisioningQuery };
  const own: readonly (readonly [dialect: DialectName, channels: readonly Channel[]])[] = [
    ['drp', [entryPoint('drp', '/api/v3/ws')]],
    [
      'provisioning',
      [entryPoint('provisioning', '/metrics', metrics), entryPoint('provisioning', '/logs', logs)],
    ],
    ['mist', STREAMS.map(mistChannel)],
  ];
  return [
    ...(byDefault !== undefined && isEntryPoint(byDefault) && entryPoints.includes(byDefault)
      ? [entryPoint(byDefault, '/ws')]
      : []),
    ...entryPoints.map((dialect) => entryPoint(dialect, `/${dialect}/ws`)),
    ...own.flatMap(([dialect, channels]) => (served.includes(dialect) ? channels : [])),
  ];
}

/** Each stream has one kind of message for each action that its events may have. */
function mistChannel({ path, type, feed, besides, greeting, encoding }: (typeof STREAMS)[number]): Channel {
  // A stream that cannot be had says so in an error; those of bare samples refuse before the upgrade.
  const own = type === 'metrics' ? [] : ['error', ...(greeting === undefined ? [] : ['connected'])];
  const actions = [...new Set([feed, ...besides, ...own])];
  const forms = actions.map((action) => [action, encoding.words.get(`${type}.${action}`)?.formOf(action)]);
  return {
    address: path,
    summary: `Mist: ${type}.${feed}; takes nothing`,
    sends: Object.fromEntries(forms.filter(([, form]) => form !== undefined)) as Messages,
    takes: TAKEN.mist,
    query: { ...token, ...queryOf(type, path) },
  };
}

function queryOf(type: string, path: string): Readonly<Record<string, z.ZodType>> {
  const id = z.int().describe('Decimal, of 64 bits');
  switch (type) {
    case 'container':
      return { appId: id };
    case 'deployment':
      return path.startsWith('/ws/') ? { deploymentId: id } : { id };
    case 'metrics':
      return { host: text('Which host; system when absent') };
    default:
      return {};
  }
}

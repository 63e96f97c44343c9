/** Hubs that are broken in one way each, by a proxy before a hub that works, and the checks that find it. */
import { randomUUID } from 'node:crypto';
import { TokenMaker } from '../../../src/clients/conformance/tokens.ts';
import type { Mangling } from '../../support/frame-proxy.ts';
import { TEST_SECRET } from '../../support/node.ts';

export interface BrokenHub {
  readonly what: string;
  readonly mangling: Mangling;
  /** The checks that must fail, as dialect.check. */
  readonly finds: readonly string[];
  /** Checks that run as well and must pass. */
  readonly passes?: readonly string[];
  readonly limits?: boolean;
}

const tokens = new TokenMaker(TEST_SECRET, undefined);

type Fields = Record<string, unknown>;

function fieldsOf(text: string): Fields {
  return JSON.parse(text) as Fields;
}

/** Changes each frame that is JSON. */
function changing(change: (frame: Fields) => unknown): NonNullable<Mangling['down']> {
  return (text) => {
    const changed = change(fieldsOf(text));
    return changed === undefined ? [] : [JSON.stringify(changed)];
  };
}

function renamed(frame: Fields, from: string, to: string): Fields {
  return Object.fromEntries(Object.entries(frame).map(([name, value]) => [name === from ? to : name, value]));
}

/** Holds each second event of a kind back until the next one has gone out. */
function reordering(isEvent: (frame: Fields) => boolean): NonNullable<Mangling['down']> {
  return (text, state) => {
    const held = state.get('held') as string | undefined;
    if (!isEvent(fieldsOf(text))) return [text];
    state.set('held', held === undefined ? text : undefined);
    return held === undefined ? [] : [text, held];
  };
}

const doubling =
  (isEvent: (frame: Fields) => boolean): NonNullable<Mangling['down']> =>
  (text) =>
    isEvent(fieldsOf(text)) ? [text, text] : [text];

/** Joins the events that follow each other, and sends two in one frame. */
function batching(
  isEvent: (frame: Fields) => boolean,
  join: (pair: readonly string[]) => string,
): NonNullable<Mangling['down']> {
  return (text, state) => {
    if (!isEvent(fieldsOf(text))) return [text];
    const held = state.get('held') as string | undefined;
    state.set('held', held === undefined ? text : undefined);
    return held === undefined ? [] : [join([held, text])];
  };
}

const isNornEvent = (frame: Fields): boolean => 'appId' in frame;
const isDorguEvent = (frame: Fields): boolean => 'data' in frame;
const isDrpEvent = (frame: Fields): boolean => frame['Type'] !== 'websocket';
const isProvisioningEvent = (frame: Fields): boolean => 'event_type' in frame;
const isNativeEvent = (frame: Fields): boolean => frame['type'] !== 'belfry';
const isMistLine = (frame: Fields): boolean => frame['type'] === 'log';
const seconds = (time: unknown): number => Math.floor(Date.parse(String(time)) / 1_000);

/** Lets a socket in that has no credentials or bad ones. */
const accepting: Mangling = { refusal: () => 'open' };
const withoutOrigin: Mangling = { headers: ({ origin: _origin, ...others }) => others };

export const BROKEN_HUBS: readonly BrokenHub[] = [
  {
    what: 'drops the acks of DRP',
    mangling: { down: changing((frame) => (isDrpEvent(frame) ? frame : undefined)) },
    finds: ['drp.ack-register', 'drp.ack-deregister', 'drp.filter-type'],
  },
  {
    what: 'acknowledges a command of DRP only once',
    mangling: {
      down: (text, state) => {
        const { Type, Key } = fieldsOf(text);
        if (Type !== 'websocket' || !state.has(String(Key))) {
          state.set(String(Key), true);
          return [text];
        }
        return [];
      },
    },
    finds: ['drp.ack-each'],
  },
  {
    what: 'sends events of DRP before the ack',
    mangling: {
      down: (text, state) => {
        if (!isDrpEvent(fieldsOf(text))) {
          state.set('ack', text);
          return [];
        }
        const ack = state.get('ack') as string | undefined;
        state.delete('ack');
        return ack === undefined ? [text] : [text, ack];
      },
    },
    finds: ['drp.ack-before-events'],
  },
  {
    what: 'answers what is no command of DRP',
    mangling: { up: (text) => [text.startsWith('register ') ? text : `register ${text}x`] },
    finds: ['drp.ignores-others'],
  },
  {
    what: 'leaves out empty fields of DRP',
    mangling: {
      down: changing((frame) =>
        Object.fromEntries(Object.entries(frame).filter(([, value]) => value !== null)),
      ),
    },
    finds: ['drp.event-form', 'drp.ack-register', 'drp.frames'],
  },
  {
    what: 'writes the fields of DRP in lower case',
    mangling: { down: changing((frame) => renamed(frame, 'Key', 'key')) },
    finds: ['drp.filter-key', 'drp.ack-register', 'drp.frames'],
  },
  {
    what: 'writes times of DRP as seconds',
    mangling: { down: changing((frame) => ({ ...frame, Time: seconds(frame['Time']) })) },
    finds: ['drp.event-form', 'drp.frames'],
  },
  {
    what: 'joins events of DRP with line breaks',
    mangling: { down: batching(isDrpEvent, (pair) => pair.join('\n')) },
    finds: ['drp.once', 'drp.frames'],
  },
  {
    what: 'doubles events of DRP',
    mangling: { down: doubling(isDrpEvent) },
    finds: ['drp.once', 'drp.filter-several'],
  },
  { what: 'reorders events of DRP', mangling: { down: reordering(isDrpEvent) }, finds: ['drp.order'] },
  {
    what: 'reads no lists in filters of DRP',
    mangling: { up: (text) => [text.replaceAll(',', ';')] },
    finds: ['drp.filter-list', 'drp.filter-escapes'],
  },
  {
    what: 'splits keys of DRP at dots',
    mangling: { up: (text) => [text.replace(/^(\w+ [^.]+\.[^.]+\.[^.]+)\..*$/, '$1')] },
    finds: ['drp.filter-key-with-dots'],
  },
  {
    what: 'ends no registration of DRP',
    mangling: {
      up: (text) => [text.startsWith('deregister ') ? text.replace(' ', ' no-such-') : text],
      down: (text) => [text.replace('"Key":"no-such-', '"Key":"')],
    },
    finds: ['drp.deregister'],
  },
  {
    what: 'knows ?token= and not ?Token=',
    mangling: { path: (path) => path.replace('Token=', 'other=') },
    finds: ['drp.token-in-url-capital'],
  },
  {
    what: 'accepts every token of DRP',
    mangling: accepting,
    finds: ['drp.credentials-missing', 'drp.credentials-wrong', 'drp.credentials-scheme'],
  },
  {
    what: 'refuses at DRP without the challenge',
    mangling: { refusal: (answer) => ({ ...answer, headers: {} }) },
    finds: ['drp.credentials-missing'],
  },
  {
    what: 'answers bad tokens of DRP with 401',
    mangling: { refusal: (answer) => ({ ...answer, status: 401 }) },
    finds: ['drp.credentials-wrong'],
  },
  {
    what: 'answers POST of DRP with a body',
    mangling: {
      answer: (answer) => (answer.status === 204 ? { ...answer, status: 200, body: '{}' } : answer),
    },
    finds: ['drp.post-event'],
  },
  {
    what: 'writes connections of DRP in lower case and without counts',
    mangling: {
      answer: ({ status, headers, body }, path) => ({
        status,
        headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('x-drp'))),
        body: path.includes('connections') ? body.replaceAll('"CreateTime"', '"createTime"') : body,
      }),
    },
    finds: ['drp.connections-list', 'drp.connections-filter'],
  },
  {
    what: 'tells nobody who connects to DRP',
    mangling: { down: changing((frame) => (frame['Type'] === 'connections' ? undefined : frame)) },
    finds: ['drp.connections-events'],
  },
  {
    what: 'closes no connection of DRP on demand',
    mangling: { neverCloses: true },
    finds: ['drp.connections-close'],
  },
  { what: 'doubles events of Norn', mangling: { down: doubling(isNornEvent) }, finds: ['norn.once'] },
  { what: 'reorders events of Norn', mangling: { down: reordering(isNornEvent) }, finds: ['norn.order'] },
  {
    what: 'loses each fifth event of Norn',
    mangling: {
      down: (text, state) => {
        const count = Number(state.get('count') ?? 0) + 1;
        state.set('count', count);
        return count % 5 === 0 ? [] : [text];
      },
    },
    finds: ['norn.once'],
  },
  {
    what: 'batches events of Norn into a list',
    mangling: { down: batching(isNornEvent, (pair) => `[${pair.join(',')}]`) },
    finds: ['norn.once', 'norn.frames'],
  },
  {
    what: 'writes appid for appId',
    mangling: { down: changing((frame) => renamed(frame, 'appId', 'appid')) },
    finds: ['norn.event-deploy-step', 'norn.every-client', 'norn.frames'],
  },
  {
    what: 'sends null for a payload of Norn',
    mangling: { down: changing((frame) => ({ ...frame, payload: null })) },
    finds: ['norn.event-app-restarted', 'norn.payload-unchanged', 'norn.frames'],
  },
  {
    what: 'makes numbers of texts in payloads of Norn',
    mangling: { down: (text) => [text.replaceAll(/"count":"(\d+)"/g, '"count":$1')] },
    finds: ['norn.event-app-scaled'],
  },
  {
    what: 'says completed for complete',
    mangling: { down: (text) => [text.replace('"status":"complete"', '"status":"completed"')] },
    finds: ['norn.step-statuses', 'norn.event-function-completed'],
  },
  {
    what: 'sends binary frames to clients of Norn',
    mangling: { down: (text) => [Buffer.from(text)] },
    finds: ['norn.frames'],
    passes: ['norn.event-app-restarted'],
  },
  { what: 'checks no origin', mangling: withoutOrigin, finds: ['norn.origin-foreign'] },
  {
    what: 'allows no origin',
    mangling: { headers: (headers) => ('origin' in headers ? { ...headers, origin: 'null' } : headers) },
    finds: ['norn.origin-local', 'norn.origin-default', 'norn.origin-listed'],
  },
  {
    what: 'has another dialect at the path of Norn',
    mangling: { path: (path) => path.replace('/norn/ws', '/native/ws') },
    finds: ['norn.event-app-scaled', 'norn.every-client'],
  },
  {
    what: 'buffers without a bound for a client that does not read',
    mangling: { neverCloses: true },
    finds: ['norn.slow-client', 'native.slow-close'],
    limits: true,
  },
  {
    what: 'sends whole clusters',
    mangling: {
      down: changing((frame) => ({ ...frame, data: { ...(frame['data'] as Fields), phase: 'Ready' } })),
    },
    finds: ['dorgu.name-only'],
  },
  { what: 'doubles events of Dorgu', mangling: { down: doubling(isDorguEvent) }, finds: ['dorgu.once'] },
  {
    what: 'tells the life of a cluster backwards',
    mangling: {
      down: (text, state) => {
        const { type } = fieldsOf(text);
        if (type === 'cluster.updated' && !state.has('held')) {
          state.set('held', text);
          return [];
        }
        const held = state.get('held') as string | undefined;
        return type === 'cluster.deleted' && held !== undefined ? [text, held] : [text];
      },
    },
    finds: ['dorgu.order'],
  },
  {
    what: 'writes cluster.changed for cluster.updated',
    mangling: { down: (text) => [text.replace('cluster.updated', 'cluster.changed')] },
    finds: ['dorgu.event-cluster-updated', 'dorgu.frames'],
  },
  {
    what: 'forgets the limit of messages from clients of Dorgu',
    mangling: { up: (text) => (text.length > 512 ? [] : [text]) },
    finds: ['dorgu.inbound-limit'],
  },
  {
    what: 'closes a client of Dorgu that sent too much with 1008',
    mangling: { close: (code) => (code === 1009 ? 1008 : code) },
    finds: ['dorgu.inbound-limit'],
  },
  {
    what: 'has no clusters by REST',
    mangling: {
      answer: (answer, path) => (path.includes('/api/clusters') ? { ...answer, status: 404 } : answer),
    },
    finds: ['dorgu.rest'],
  },
  {
    what: 'drops the pong of Provisioning',
    mangling: { down: changing((frame) => (frame['type'] === 'pong' ? undefined : frame)) },
    finds: ['provisioning.ping', 'provisioning.token-in-url'],
  },
  {
    what: 'omits the errors of Provisioning',
    mangling: { down: changing((frame) => (frame['type'] === 'error' ? undefined : frame)) },
    finds: [
      'provisioning.malformed-json',
      'provisioning.malformed-type',
      'provisioning.malformed-events',
      'provisioning.limit-subscriptions',
    ],
  },
  {
    what: 'batches more events than batch_size',
    mangling: {
      down: (text, state) => {
        const frame = fieldsOf(text);
        if (!('event_type' in frame) && frame['type'] !== 'batch') return [text];
        const events = [
          ...((state.get('held') ?? []) as unknown[]),
          ...((frame['events'] ?? [frame]) as unknown[]),
        ];
        state.set('held', events.length >= 25 ? [] : events);
        const { timestamp } = frame;
        return events.length >= 25 ? [JSON.stringify({ type: 'batch', timestamp, events })] : [];
      },
    },
    finds: ['provisioning.batch-size', 'provisioning.batch-size-usual'],
  },
  {
    what: 'doubles events of Provisioning',
    mangling: { down: doubling(isProvisioningEvent) },
    finds: ['provisioning.once'],
  },
  {
    what: 'reorders events of Provisioning',
    mangling: { down: reordering(isProvisioningEvent) },
    finds: ['provisioning.order'],
  },
  {
    what: 'writes eventType for event_type',
    mangling: { down: changing((frame) => renamed(frame, 'event_type', 'eventType')) },
    finds: ['provisioning.event-task', 'provisioning.event-custom', 'provisioning.frames'],
  },
  {
    what: 'writes the timestamps of Provisioning as seconds',
    mangling: {
      down: changing((frame) =>
        'timestamp' in frame ? { ...frame, timestamp: seconds(frame['timestamp']) } : frame,
      ),
    },
    finds: ['provisioning.event-task', 'provisioning.event-metric', 'provisioning.frames'],
  },
  {
    what: 'leaves out the metadata of Provisioning',
    mangling: { down: changing(({ metadata: _metadata, ...others }) => others) },
    finds: ['provisioning.event-workflow', 'provisioning.frames'],
  },
  {
    what: 'accepts every token of Provisioning',
    mangling: accepting,
    finds: ['provisioning.token-bad', 'provisioning.token-expired'],
  },
  {
    what: 'closes Provisioning with other codes',
    mangling: { close: (code) => (code === 1008 || code === 4001 ? 1000 : code) },
    finds: ['provisioning.token-bad-by-message', 'provisioning.token-ends'],
  },
  {
    what: 'forgets the parameters of Provisioning',
    mangling: { path: (path) => path.replace(/(?:events|level|component|search|compression)=[^&]*/g, '') },
    finds: [
      'provisioning.events-word',
      'provisioning.events-name',
      'provisioning.logs-path-level',
      'provisioning.logs-path-component',
      'provisioning.logs-path-search',
      'provisioning.compression',
    ],
  },
  {
    what: 'forgets the filters of Provisioning',
    mangling: {
      up: (text) => [text.includes('"filters"') ? JSON.stringify({ ...fieldsOf(text), filters: {} }) : text],
    },
    finds: ['provisioning.filters', 'provisioning.filters-log'],
  },
  {
    what: 'names BatchOperationUpdate otherwise',
    mangling: { down: (text) => [text.replace('"BatchOperationUpdate"', '"BatchUpdate"')] },
    finds: ['provisioning.event-batch', 'provisioning.subscribe', 'provisioning.unsubscribe'],
  },
  {
    what: 'takes everybody for an administrator of Provisioning',
    mangling: { path: (path) => path.replace(/token=[^&]*/, `token=${tokens.make()}`) },
    finds: ['provisioning.role-system', 'provisioning.role-log'],
  },
  {
    what: 'renews no token of Provisioning',
    mangling: { up: (text) => [text.includes('"auth"') ? '{"type":"ping"}' : text] },
    finds: ['provisioning.token-renewed', 'provisioning.token-by-message'],
  },
  {
    what: 'forgets the limit of messages of Provisioning',
    mangling: { neverCloses: true, up: (text) => (text === '{"type":"ping"}' ? [] : [text]) },
    finds: ['provisioning.limit-messages'],
    limits: true,
  },
  {
    what: 'forgets the limit of connections of Provisioning',
    mangling: {
      path: (path) => path.replace(/token=[^&]*/, `token=${tokens.make({ sub: `user:${randomUUID()}` })}`),
    },
    finds: ['provisioning.limit-connections'],
    limits: true,
  },
  {
    what: 'shows the wrong form of a line of Mist',
    mangling: { down: (text) => [text.replace('"line":', '"text":')] },
    finds: ['mist.logs-once', 'mist.logs-tail', 'mist.deployment-log', 'mist.frames'],
  },
  {
    what: 'doubles lines of Mist',
    mangling: { down: doubling(isMistLine) },
    finds: ['mist.logs-once', 'mist.server-deployment-once', 'mist.logs-tail'],
  },
  {
    what: 'reorders lines of Mist',
    mangling: { down: reordering(isMistLine) },
    finds: ['mist.logs-order', 'mist.deployment-order'],
  },
  {
    what: 'writes the timestamps of Mist in milliseconds',
    mangling: { down: changing((frame) => ('data' in frame ? { ...frame, timestamp: 1 } : frame)) },
    finds: ['mist.logs-status', 'mist.server-logs-status', 'mist.deployment-status', 'mist.frames'],
  },
  {
    what: 'shows the lines of Mist before the status',
    mangling: {
      down: (text, state) => {
        if (fieldsOf(text)['type'] !== 'status') return [text];
        state.set('status', text);
        return [
          '{"type":"log","timestamp":"2026-01-15T10:30:00Z","data":{"line":"x","stream":"stdout"}}',
          text,
        ];
      },
    },
    finds: ['mist.logs-status', 'mist.server-stats'],
  },
  {
    what: 'omits the errors and ends of Mist',
    mangling: {
      down: changing((frame) => (/^(?:error|end)$/.test(String(frame['type'])) ? undefined : frame)),
    },
    finds: [
      'mist.logs-error',
      'mist.logs-end',
      'mist.logs-stopped',
      'mist.logs-unknown',
      'mist.deployment-unknown',
    ],
  },
  {
    what: 'cuts long lines of Mist',
    mangling: { down: (text) => [text.length > 65_536 ? text.replace(/x{1000,}/, 'x'.repeat(1_000)) : text] },
    finds: ['mist.logs-long-line'],
  },
  {
    what: 'sends samples of Mist in an envelope',
    mangling: { down: changing((frame) => ('memory' in frame ? { type: 'metrics', data: frame } : frame)) },
    finds: ['mist.metrics-sample', 'mist.server-metrics-sample', 'mist.frames'],
  },
  {
    what: 'accepts everybody at Mist',
    mangling: accepting,
    finds: [
      'mist.cookie-missing',
      'mist.cookie-wrong',
      'mist.server-cookie-missing',
      'mist.cookie-expired',
      'mist.bad-id',
    ],
  },
  {
    what: 'words the refusals of Mist in another way',
    mangling: { refusal: (answer) => ({ ...answer, body: 'no' }) },
    finds: ['mist.server-cookie-missing', 'mist.server-cookie-wrong', 'mist.server-bad-id'],
  },
  {
    what: 'does not know the cookie of Mist',
    mangling: { headers: ({ cookie: _cookie, ...others }) => others },
    finds: ['mist.cookie'],
  },
  {
    what: 'doubles events of native clients',
    mangling: { down: doubling(isNativeEvent) },
    finds: ['native.once', 'native.publish-once', 'native.resume'],
  },
  {
    what: 'reorders events of native clients',
    mangling: { down: reordering(isNativeEvent) },
    finds: ['native.order'],
  },
  {
    what: 'rounds numbers of native clients',
    mangling: { down: (text) => [JSON.stringify(JSON.parse(text))] },
    finds: ['native.values'],
  },
  {
    what: 'drops the replies of native clients',
    mangling: { down: changing((frame) => (frame['type'] === 'belfry' ? undefined : frame)) },
    finds: [
      'native.subscribe',
      'native.publish',
      'native.ping-command',
      'native.refuses-pattern',
      'native.refuses-malformed',
    ],
  },
  {
    what: 'forgets the cursor of native clients',
    mangling: { up: (text) => [text.replace(/,"since":"[^"]*"/, '')] },
    finds: ['native.resume'],
  },
  {
    what: 'forgets the idempotency key of native clients',
    mangling: { up: (text) => [text.replace(/,"idempotencyKey":"[^"]*"/, '')] },
    finds: ['native.publish-once'],
  },
  {
    what: 'forgets the filters of native clients',
    mangling: {
      up: (text) => [text.replace(/,"filters":\{"object.status.*\}\}$/, '}')],
      path: (path) => path.replace(/filters=[^&]*/, ''),
    },
    finds: ['native.filters', 'native.url-parameters'],
  },
  {
    what: 'closes native clients with other codes',
    mangling: { close: (code) => (code >= 1008 ? 1000 : code) },
    finds: ['native.before-sign-in-size', 'native.token-ends'],
  },
  { what: 'accepts every token of native clients', mangling: accepting, finds: ['native.token-bad'] },
];

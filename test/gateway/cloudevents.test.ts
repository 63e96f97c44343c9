import { CloudEvent, HTTP, type Message } from 'cloudevents';
import { Redis } from 'ioredis';
import * as fc from 'fast-check';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { publish } from '../../src/clients/cli/commands/publish.ts';
import { connect } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { rawRequest } from '../support/raw-http.ts';
import { randomPrefix } from '../support/redis.ts';
import { runs } from '../support/runs.ts';
import { TestStream } from '../support/stream.ts';

const STRUCTURED = 'application/cloudevents+json';
const BATCH = 'application/cloudevents-batch+json';
const CE = {
  specversion: '1.0',
  id: 'A234',
  source: '/ci/42',
  type: 'com.example.deploy.step',
  subject: 'web',
};

type Headers = Record<string, string>;

async function post(
  node: TestNode,
  headers: Headers,
  body: string | Buffer,
  path = '/api/v3/events',
): Promise<Response> {
  return fetch(`${node.url}${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await node.token()}`, ...headers },
    body: new Uint8Array(Buffer.from(body)),
  });
}

async function read(node: TestNode, path: string, headers: Headers = {}): Promise<Response> {
  return fetch(`${node.url}${path}`, {
    headers: { Authorization: `Bearer ${await node.token()}`, ...headers },
  });
}

type Heard = Record<string, unknown> & { readonly metadata: Record<string, unknown> };

async function history(node: TestNode): Promise<Heard[]> {
  const response = await read(node, '/api/v3/events?pattern=deploy,files.*.*');
  return ((await response.json()) as { events: Heard[] }).events;
}

async function refusal(response: Response): Promise<string> {
  const { Messages } = (await response.json()) as { Messages: string[] };
  return `${response.status} ${Messages.join(' ')}`;
}

/** Posts what the SDK has made of a CloudEvent. */
async function postMessage(node: TestNode, { headers, body }: Message): Promise<Response> {
  return post(node, headers as Headers, (body ?? '') as string | Buffer);
}

describe('a CloudEvent by HTTP', () => {
  const EXTENSIONS = {
    partitionkey: 'p',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };

  it.each(['structured', 'binary'] as const)('is taken in %s mode as the SDK writes it', async (mode) => {
    const node = await startNode();
    const time = '2018-04-05T17:31:00.000Z';
    const written = [
      new CloudEvent({
        ...CE,
        id: '1',
        time,
        datacontenttype: 'application/json',
        data: { a: [1] },
        ...EXTENSIONS,
      }),
      new CloudEvent({ ...CE, id: '2', time, datacontenttype: 'text/plain', data: 'a text' }),
      new CloudEvent({
        ...CE,
        id: '3',
        time,
        datacontenttype: 'application/octet-stream',
        data: new Uint8Array([0, 255, 128]),
      }),
      new CloudEvent({ ...CE, id: '4', time, datacontenttype: 'application/json; charset=utf-8' }),
    ];
    for (const event of written)
      expect((await postMessage(node, HTTP[mode](event as CloudEvent<unknown>))).status).toBe(204);
    const events = await history(node);
    expect(events.map(({ object }) => object)).toEqual([{ a: [1] }, 'a text', 'AP+A', null]);
    for (const [i, event] of events.entries())
      expect(event).toMatchObject({
        time,
        type: 'deploy',
        action: 'step',
        key: 'web',
        metadata: { cloudevent: { id: String(i + 1), source: CE.source, type: CE.type } },
      });
    expect(events[0]?.metadata).toMatchObject({
      traceparent: EXTENSIONS.traceparent,
      cloudevent: { partitionkey: 'p', datacontenttype: 'application/json' },
    });
    expect(events[2]?.metadata['cloudevent']).toMatchObject({ data_base64: true });
    const out = (await (
      await read(node, '/api/v3/events?pattern=deploy.*.*&as=cloudevents')
    ).json()) as object[];
    for (const [i, body] of out.entries()) {
      const again = HTTP.toEvent({
        headers: { 'content-type': STRUCTURED },
        body: JSON.stringify(body),
      }) as CloudEvent;
      const { data, data_base64, ...attributes } = again.toJSON();
      const { data: given, data_base64: bytes, ...expected } = written[i]?.toJSON() ?? {};
      const { belfryid, belfryprincipal, ...own } = JSON.parse(JSON.stringify(attributes)) as Record<
        string,
        unknown
      >;
      expect([own, belfryprincipal, typeof belfryid]).toEqual([
        JSON.parse(JSON.stringify(expected)),
        'user:admin',
        'string',
      ]);
      expect([data ?? null, data_base64]).toEqual([
        given instanceof Uint8Array ? data : (given ?? null),
        bytes,
      ]);
    }
  });

  it.each([
    ['text/plain; charset=iso-8859-1', Buffer.from('Grüße', 'latin1'), 'Grüße'],
    ['text/plain', Buffer.from('Grüße'), 'Grüße'],
    ['text/plain', Buffer.from('Grüße', 'latin1'), Buffer.from('Grüße', 'latin1').toString('base64')],
    ['text/plain; charset=klingon', Buffer.from('a'), 'YQ=='],
  ])(
    'of the type %s is a text in its character set, or base64 where it is none',
    async (type, body, object) => {
      const node = await startNode();
      const answer = await fetch(`${node.url}/api/v3/events`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${await node.token()}`, ...binary(), 'Content-Type': type },
        body,
      });
      expect(answer.status).toBe(204);
      expect((await history(node))[0]?.['object']).toBe(object);
    },
  );

  it('is taken in a batch, of which all or none are accepted', async () => {
    const node = await startNode();
    const batch = ['1', '2'].map((id) => ({ ...CE, id }));
    const answer = await post(node, { 'Content-Type': BATCH }, JSON.stringify(batch));
    expect([answer.status, answer.headers.get('belfry-event-ids')?.split(',')]).toEqual([
      204,
      [expect.any(String), expect.any(String)],
    ]);
    const broken = await post(
      node,
      { 'Content-Type': BATCH },
      JSON.stringify([...batch, { ...CE, id: undefined }]),
    );
    expect(await refusal(broken)).toMatch(/^422 .*id is missing/);
    expect(await history(node)).toHaveLength(2);
  });

  it('is read from the examples of the specification', async () => {
    const node = await startNode();
    const someone = {
      'ce-specversion': '1.0',
      'ce-source': '/mycontext/4',
      'ce-type': 'com.example.files.someevent',
      'ce-time': '2018-04-05T03:56:24Z',
    };
    const bodies: readonly [Headers, string][] = [
      [{ ...someone, 'ce-id': '1', 'Content-Type': 'application/json; charset=utf-8' }, '{"much":"wow"}'],
      [{ ...someone, 'ce-id': '2', 'Content-Type': 'application/xml' }, '<much wow="xml"/>'],
      [{ ...someone, 'ce-id': '3', 'ce-subject': 'Euro%20%E2%82%AC%20%F0%9F%98%80' }, ''],
      [{ ...someone, 'ce-id': '4', 'ce-subject': '"a \\"quoted\\" %E2%82%AC"' }, ''],
      [{ ...someone, 'ce-id': '5', 'ce-subject': '100%', 'ce-comexampleextension1': 'value' }, ''],
      [
        { 'Content-Type': `${STRUCTURED}; charset=utf-8` },
        '{"specversion":"1.0","type":"com.example.files.someevent","source":"/mycontext","subject":null,"id":"C234-1234-1234","time":"2018-04-05T17:31:00Z","comexampleextension1":"value","comexampleothervalue":5,"datacontenttype":"application/vnd.apache.thrift.binary","data_base64":"AAAA"}',
      ],
    ];
    for (const [headers, body] of bodies) expect((await post(node, headers, body)).status).toBe(204);
    expect((await history(node)).map(({ key, object }) => [key, object])).toEqual([
      ['', { much: 'wow' }],
      ['', '<much wow="xml"/>'],
      ['Euro € 😀', null],
      ['a "quoted" €', null],
      ['100%', null],
      ['', 'AAAA'],
    ]);
  });

  it.each<[string, Headers, string, string]>([
    [
      'ce-id is missing',
      { 'ce-specversion': '1.0', 'ce-source': '/', 'ce-type': 'a.b' },
      '',
      'id is missing',
    ],
    [
      'ce-specversion is missing and the body is an event in another format',
      { 'ce-id': '1', 'ce-source': '/', 'ce-type': 'a.b', 'Content-Type': 'application/json' },
      '{"type":"a","action":"b","key":"c","object":null}',
      'specversion is missing',
    ],
    [
      'the version is another',
      { 'ce-specversion': '0.3', 'ce-id': '1', 'ce-source': '/', 'ce-type': 'a.b' },
      '',
      'specversion is not 1.0',
    ],
    ['a name has a hyphen', { ...binary(), 'ce-my-ext': 'x' }, '', 'my-ext is not a name'],
    [
      'the data has an attribute',
      { ...binary(), 'ce-datacontenttype': 'text/plain' },
      '',
      'the header ce-datacontenttype is no attribute',
    ],
    [
      'the encoding is broken',
      { ...binary(), 'ce-subject': '%FF' },
      '',
      'the header ce-subject is percent-encoded',
    ],
    ['the body is no JSON', { ...binary(), 'Content-Type': 'application/json' }, '{', 'json_invalid'],
    [
      'the format is another',
      { 'Content-Type': 'application/cloudevents+xml' },
      '<event/>',
      'content_type_invalid',
    ],
    ['it is a list', { 'Content-Type': STRUCTURED }, `[${JSON.stringify(CE)}]`, BATCH],
    ['a batch is no list', { 'Content-Type': BATCH }, JSON.stringify(CE), 'a list'],
    [
      'it is another event',
      { 'Content-Type': STRUCTURED },
      '{"type":"a","action":"b","key":"c"}',
      'specversion is missing',
    ],
  ])('is refused where %s', async (_why, headers, body, words) => {
    const node = await startNode();
    expect(await refusal(await post(node, headers, body))).toContain(words);
  });

  it('is refused where an attribute stands there twice', async () => {
    const node = await startNode();
    const lines = Object.entries(binary()).map(([name, value]) => `${name}: ${value}`);
    const head = [
      'POST /api/v3/events HTTP/1.1',
      'Host: a',
      `Authorization: Bearer ${await node.token()}`,
      'Content-Length: 0',
    ];
    const { body } = await rawRequest(node.url, [...head, ...lines, 'CE-ID: 2'], '');
    expect(body).toContain('the header ce-id stands there twice');
  });

  it('may be named as the dialect cloudevents', async () => {
    const node = await startNode();
    const headers = { 'Content-Type': 'application/json' };
    const path = '/api/v3/events?dialect=cloudevents';
    expect((await post(node, headers, JSON.stringify(CE), path)).status).toBe(204);
    expect(await refusal(await post(node, headers, '{"type":"a","action":"b","key":"c"}', path))).toContain(
      'specversion is missing',
    );
  });

  it('of one source and id is published once within five minutes, by HTTP and by socket', async () => {
    const node = await startNode();
    const first = (await post(node, { 'Content-Type': STRUCTURED }, JSON.stringify(CE))).headers.get(
      'belfry-event-ids',
    );
    const again = await post(node, { ...binary(CE) }, '');
    expect(again.headers.get('belfry-event-ids')).toBe(first);
    const socket = await connect(`${node.url.replace('http', 'ws')}/native/ws?token=${await node.token()}`);
    socket.send({ id: 1, command: 'publish', events: [CE] });
    expect(await socket.next()).toMatchObject({ object: { ids: [first] } });
    const other = await post(node, { 'Content-Type': STRUCTURED }, JSON.stringify({ ...CE, data: 1 }));
    expect(await refusal(other)).toContain('idempotency_key_reused');
    const own = await post(
      node,
      { 'Content-Type': STRUCTURED, 'Idempotency-Key': 'k' },
      JSON.stringify({ ...CE, data: 1 }),
    );
    expect(own.status).toBe(204);
    expect(
      (await post(node, { 'Content-Type': STRUCTURED }, JSON.stringify({ ...CE, source: '/ci/43' }))).status,
    ).toBe(204);
    expect(await history(node)).toHaveLength(3);
  });
});

function binary({ id, source, type, subject } = CE): Headers {
  return {
    'ce-specversion': '1.0',
    'ce-id': id,
    'ce-source': source,
    'ce-type': type,
    'ce-subject': subject,
  };
}

describe('events as CloudEvents', () => {
  it('are a page of the history as a batch, whose headers say where it goes on', async () => {
    const node = await startNode({ BELFRY_CLOUDEVENTS_SOURCE: 'https://hub.example/' });
    for (let i = 0; i < 3; i++)
      await post(
        node,
        { 'Content-Type': 'application/json' },
        JSON.stringify({ type: 'deploy', action: 'step', key: `${i}`, object: i }),
      );
    const page = async (path: string): Promise<{ batch: Record<string, unknown>[]; response: Response }> => {
      const response = await read(node, path);
      expect(response.headers.get('content-type')).toBe(BATCH);
      return { batch: (await response.json()) as Record<string, unknown>[], response };
    };
    const first = await page('/api/v3/events?pattern=deploy.*.*&as=cloudevents&since=1-0&limit=2');
    expect(first.batch.shift()).toMatchObject({ type: 'belfry.gap', data: { from: '1-0' } });
    expect(first.batch.map(({ subject, source, type, data }) => [subject, source, type, data])).toEqual([
      ['0', 'https://hub.example/', 'deploy.step', 0],
      ['1', 'https://hub.example/', 'deploy.step', 1],
    ]);
    const [, next = ''] = /^<(.*)>; rel="next"$/.exec(first.response.headers.get('link') ?? '') ?? [];
    const second = await page(next);
    expect(second.batch.map(({ subject }) => subject)).toEqual(['2']);
    expect(second.response.headers.get('belfry-cursor')).toBe(second.batch[0]?.['id']);
    expect(second.response.headers.get('link')).toBeNull();
    const newest = await page('/api/v3/events?pattern=deploy.*.*&as=cloudevents&limit=1');
    const [, before = ''] = /<([^>]*)>; rel="prev"/.exec(newest.response.headers.get('link') ?? '') ?? [];
    expect((await page(before)).batch.map(({ subject }) => subject)).toEqual(['1']);
    expect((await page('/api/v3/events?pattern=none.*.*&as=cloudevents')).batch).toEqual([]);
  });

  it('are the data of a stream, and the messages of a native socket', async () => {
    const node = await startNode();
    const response = await read(node, '/api/v3/events?pattern=deploy.*.*&as=cloudevents', {
      Accept: 'text/event-stream',
    });
    onTestFinished(() => response.body?.cancel().catch(() => undefined));
    const stream = new TestStream(response);
    const url = `${node.url.replace('http', 'ws')}/native/ws?token=${await node.token()}`;
    const socket = await connect(`${url}&as=cloudevents&pattern=deploy.*.*`);
    expect(await socket.next()).toMatchObject({
      specversion: '1.0',
      type: 'belfry.subscribe',
      source: '/belfry',
      data: { patterns: ['deploy.*.*'] },
    });
    const native = await connect(`${url}&pattern=deploy.*.*`);
    expect(await native.next()).toMatchObject({ type: 'belfry', action: 'subscribe' });
    await post(node, { 'Content-Type': STRUCTURED }, JSON.stringify({ ...CE, data: { a: 1 } }));
    expect(await native.next()).toMatchObject({
      type: 'deploy',
      action: 'step',
      key: 'web',
      object: { a: 1 },
    });
    const heard = { ...CE, data: { a: 1 }, belfryprincipal: 'user:admin' };
    const told = await socket.next();
    expect(told).toMatchObject(heard);
    expect(await stream.nextEvent()).toEqual({ event: 'message', id: told['belfryid'], data: told });
  });

  it('are refused where the parameter as names another encoding', async () => {
    const node = await startNode();
    const url = `${node.url}/native/ws?token=${await node.token()}&as=avro`;
    const key = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    };
    const lines = Object.entries({ Host: 'a', ...key }).map(([name, value]) => `${name}: ${value}`);
    const { status, body } = await rawRequest(node.url, [
      `GET ${new URL(url).pathname}${new URL(url).search} HTTP/1.1`,
      ...lines,
    ]);
    expect([status, body]).toEqual([400, expect.stringContaining('There is no encoding')]);
    expect(await refusal(await read(node, '/api/v3/events?as=avro'))).toMatch(
      /^400 .*Expected "cloudevents"/,
    );
    expect(await refusal(await read(node, '/api/v3/cluster?as=avro'))).toMatch(
      /^406 .*"events", "cloudevents"/,
    );
  });

  it('are what is retained, as a batch and one by one', async () => {
    const node = await startNode();
    const cluster = { ...CE, type: 'com.example.cluster.added', subject: 'prod', data: { nodes: 3 } };
    await post(node, { 'Content-Type': STRUCTURED }, JSON.stringify(cluster));
    const list = await read(node, '/api/v3/cluster?as=cloudevents');
    expect([list.headers.get('content-type'), await list.json()]).toEqual([
      expect.stringContaining(BATCH),
      [expect.objectContaining(cluster)],
    ]);
    const one = await read(node, '/api/v3/cluster/prod?as=cloudevents');
    expect([one.headers.get('content-type'), await one.json()]).toEqual([
      expect.stringContaining(STRUCTURED),
      expect.objectContaining(cluster),
    ]);
  });
});

it('the command publishes a CloudEvent once, however often it is called', async () => {
  const node = await startNode();
  const options = { url: node.url, token: await node.token() };
  const [first] = await publish(JSON.stringify(CE), options);
  expect(await publish(JSON.stringify(CE), { ...options, dialect: 'cloudevents' })).toEqual([first]);
  const other = JSON.stringify({ type: 'deploy', action: 'step', key: 'web' });
  expect(await publish(other, options)).not.toEqual(await publish(other, options));
});

it('a CloudEvent that the ingress refuses is a dead letter that names the attribute, and goes on when it is mended', async () => {
  const prefix = randomPrefix();
  const url = inject('redisUrl');
  const redis = new Redis(url);
  onTestFinished(() => redis.disconnect());
  const node = await startNode({ BELFRY_REDIS_URL: url, BELFRY_PREFIX: prefix });
  await redis.xadd(`{${prefix}}:ingress`, '*', 'event', JSON.stringify({ ...CE, my_ext: 'x' }));
  const letters = async (): Promise<{ id: string; message: string; event: string }[]> =>
    (await (await read(node, '/api/v3/dead-letters')).json()) as [];
  await expect
    .poll(letters)
    .toMatchObject([
      { reason: 'event_invalid', message: expect.stringContaining('my_ext is not a name') as string },
    ]);
  const [letter] = await letters();
  const mended = (letter?.event ?? '').replace('my_ext', 'myext');
  const body = { 'Content-Type': 'application/json' };
  expect((await post(node, body, mended)).status).toBe(204);
  expect(await history(node)).toMatchObject([{ key: 'web', metadata: { cloudevent: { myext: 'x' } } }]);
});

describe('a CloudEvent is the same event', () => {
  it('by HTTP in both modes, on a socket, in the ingress, by the function and on the channel', async () => {
    const prefix = randomPrefix();
    const url = inject('redisUrl');
    const redis = new Redis(url);
    onTestFinished(() => redis.disconnect());
    const node = await startNode({ BELFRY_REDIS_URL: url, BELFRY_PREFIX: prefix });
    const socket = await connect(`${node.url.replace('http', 'ws')}/native/ws?token=${await node.token()}`);
    socket.send({ id: 's', command: 'subscribe', patterns: ['deploy.*.*'] });
    await socket.next();
    let n = 0;
    const heard = async (): Promise<Heard> => {
      for (;;) {
        const event = (await socket.next()) as Heard;
        if (event['type'] === 'deploy') return event;
        if (event['action'] === 'error') throw new Error(JSON.stringify(event));
      }
    };
    await fc.assert(
      fc.asyncProperty(anyCloudEvent, async ({ data, ...attributes }) => {
        const ways: ((text: string, event: object) => Promise<unknown>)[] = [
          (text) => post(node, { 'Content-Type': STRUCTURED }, text),
          (text) => post(node, { 'Content-Type': 'application/json' }, `[${text}]`),
          (_text, event) =>
            post(node, { ...encoded(event), 'Content-Type': 'application/json' }, JSON.stringify(data)),
          async (_text, event) => socket.send({ id: 'p', command: 'publish', events: [event] }),
          (text) => redis.xadd(`{${prefix}}:ingress`, '*', 'event', text),
          (text) => redis.fcall('belfry_publish', 1, `{${prefix}}:log`, text),
          (text) => redis.publish(`${prefix}:events`, text),
        ];
        const events: Heard[] = [];
        for (const send of ways) {
          const event = { ...attributes, id: `${++n}`, data };
          await send(JSON.stringify(event), event);
          events.push(await heard());
        }
        const [first, ...others] = events.map((event) => withoutOwn(event));
        for (const [i, other] of others.entries())
          // Only JSON has values that are no texts, so the header gives another form of the same attribute.
          expect([i, i === 1 ? texts(other) : other]).toEqual([i, i === 1 ? texts(first) : first]);
      }),
      { numRuns: runs(60) },
    );
  });
});

const word = fc
  .string({
    unit: fc.constantFrom('a', 'b', ' ', '€', '😀', '%', '"', '\\', ':', '@', '/'),
    minLength: 1,
    maxLength: 8,
  })
  .filter((text) => text.trim() === text);
const anyCloudEvent = fc.record(
  {
    specversion: fc.constant('1.0'),
    source: fc.constantFrom('/a', 'urn:x:y', 'https://user:secret@host/x'),
    type: fc.constantFrom('deploy.step', 'com.example.deploy.begin.v1', 'deploy.event'),
    subject: word,
    time: fc.constant('2018-04-05T17:31:00.000001Z'),
    traceparent: fc.constant('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'),
    datacontenttype: fc.constant('application/json'),
    password: word,
    flag: fc.boolean(),
    count: fc.integer(),
    belfrymetadata: fc.constantFrom('{"token":"x","a":[1.0]}', '{}'),
    belfryoriginal: fc.constantFrom('{"password":"x"}', '1'),
    data: fc
      .oneof(fc.jsonValue({ maxDepth: 2 }), fc.record({ token: word }))
      .filter((value) => value !== null && !JSON.stringify(value).includes('__proto__')),
  },
  { requiredKeys: ['specversion', 'source', 'type', 'time', 'datacontenttype', 'data'] },
);

function encoded(event: object): Headers {
  const attributes = Object.entries(event).filter(([name]) => !['data', 'datacontenttype'].includes(name));
  return Object.fromEntries(
    attributes.map(([name, value]) => [`ce-${name}`, encodeURIComponent(String(value))]),
  );
}

/** What all have in common: they differ in who published them, and in their ids. */
function withoutOwn({ id: _id, principal: _principal, metadata, ...event }: Heard): object {
  const { id: _ceId, ...cloudevent } = metadata['cloudevent'] as Record<string, unknown>;
  return { ...event, metadata: { ...metadata, cloudevent } };
}

function texts(event: object | undefined): unknown {
  const written = JSON.parse(JSON.stringify(event)) as { metadata: { cloudevent: Record<string, unknown> } };
  const { cloudevent } = written.metadata;
  for (const name of ['flag', 'count']) if (name in cloudevent) cloudevent[name] = String(cloudevent[name]);
  return written;
}

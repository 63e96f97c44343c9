import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/model/event.ts';
import { parseJson, readJson, textOf } from '../../src/model/json.ts';
import { REDACTED } from '../../src/model/redact-names.ts';
import { Redaction } from '../../src/model/redaction.ts';
import { DEFAULT_REDACTION, type RedactionRule } from '../../src/model/redaction-rules.ts';
import { NO_SECRETS, PASSWORDS, TOKENS, WRITTEN } from '../model/url-samples.ts';
import { HAS_REDIS_SERVER } from '../support/redis.ts';
import { spawnRedisServer, type RedisServer } from '../support/redis-server.ts';
import { MAX_EVENT_BYTES, RedisWorld } from './redis-world.ts';
import { parseEvent } from '../support/formats.ts';

const CORPUS = new URL('../fixtures/redaction/', import.meta.url);

// All hubs on a Redis share the library, so these tests have a Redis of their own.
describe.skipIf(!HAS_REDIS_SERVER)('an event that the function belfry_publish stores', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await spawnRedisServer();
    return () => server.dispose();
  });

  /** Publishes a text, and reads its entry in the log. */
  async function keeper(rules: readonly RedactionRule[]): Promise<(text: string) => Promise<string>> {
    const world = new RedisWorld(server.url);
    const broker = world.node({ redaction: new Redaction(rules) });
    await broker.start(() => false);
    await broker.stop();
    return async (text) => {
      const [id = ''] = await world.fcall(text);
      const [entry] = await world.redis.xrange(world.log, id, id);
      return entry?.[1].at(-1) ?? '';
    };
  }

  it.each([
    ['native', { type: 'a', action: 'b', key: 'token', object: { token: 'x' }, metadata: { token: ['x'] } }],
    [
      'drp',
      { Type: 'a', Action: 'b', Key: 'k', OBJECT: { Token: 'x' }, Original: { token: 1 }, Secret: 'x' },
    ],
    ['norn', { type: 'deploy.step', appId: 'k', payload: { list: [{ password: 'x' }] }, token: 'x' }],
    ['dorgu', { type: 'cluster.added', data: { name: 'prod', 'api-key': { a: 'x' } } }],
    [
      'provisioning',
      { event_type: 'LogEntry', data: { component: 'c', secret: 'x' }, metadata: { token: 'x' } },
    ],
    [
      'drp',
      { Type: 'a', Action: 'b', id: { token: 'x' }, AppId: [{ secret: 'x' }], timestamp: { token: 1 } },
    ],
    [
      'norn',
      { type: 'deploy.step', appId: 'k', payload: {}, key: { token: 'x' }, principal: [{ secret: 'x' }] },
    ],
    ['dorgu', { type: 'cluster.added', data: { name: 'k' }, time: { token: 'x' } }],
    [
      'cloudevents',
      { specversion: '1.0', id: '1', source: '/', type: 'a.b', data: { token: 'x' }, token: 'x' },
    ],
    [
      'cloudevents',
      { specversion: '1.0', id: '1', source: 'https://a:b@c', type: 'a.b', data_base64: 'eA==' },
    ],
    [
      'cloudevents',
      {
        specversion: '1.0',
        id: '1',
        source: '/',
        type: 'a.b',
        subject: 'k',
        belfryoriginal: '[{"token":"x"}]',
        belfrymetadata: '{"token":"x","a":1.0}',
      },
    ],
  ])('holds no secret of the %s format, wherever it was written', async (_name, event) => {
    const keep = await keeper(DEFAULT_REDACTION);
    const kept = await keep(JSON.stringify(event));
    expect(kept).not.toMatch(/"x\\?"|a:b@c/);
    const hub = new Redaction(DEFAULT_REDACTION);
    expect(canonicalJson(hub.mask(parseEvent(readJson(kept))))).toBe(
      canonicalJson(hub.mask(parseEvent(readJson(JSON.stringify(event))))),
    );
  });

  it('is to the byte what was written, except for masked values', async () => {
    const keep = await keeper(DEFAULT_REDACTION);
    const written = (secret: string): string =>
      `{ "type":"a" ,\n"action" : "b","key":"","object":{"n":[ ],"o":{ },"x":1.0e+2,"big":12345678901234567890,` +
      `"p\\u0061ssword" :\t${secret} , "s":"\\u00e9\\/\\"password\\":1", "list":[{"token":${secret}}, [] ] } }\r\n`;
    for (const secret of ['"geheim"', '"a\\"b"', '"\\\\"', '12', '-1.5e3']) {
      expect(await keep(written(secret))).toBe(written(`"${REDACTED}"`));
    }
    const inside = ['{"a":["]}", {} ],"b" :12}', '[{},[1, "x" ]]'].map(written);
    expect(await keep(inside[0] ?? '')).toBe(written(`{"a":["${REDACTED}", {} ],"b" :12}`));
    expect(await keep(inside[1] ?? '')).toBe(written(`[{},["${REDACTED}", "${REDACTED}" ]]`));
    for (const seen of ['true', 'false', 'null']) expect(await keep(written(seen))).toBe(written(seen));
  });

  it.each(readdirSync(CORPUS))('masks the real object in %s exactly as the hub does', async (file) => {
    const keep = await keeper(DEFAULT_REDACTION);
    const { text } = readJson(readFileSync(new URL(file, CORPUS), 'utf8'));
    const event = { type: 'a', action: 'b', key: 'c', object: readJson(text) };
    const kept = textOf(new Redaction(DEFAULT_REDACTION).mask(event).object);
    const written = (object: string): string => `{"type":"a","action":"b","key":"c","object":${object}}`;
    expect(await keep(written(text))).toBe(written(kept));
  });

  it('holds no data of the items of a SecretList, and masks their other fields as anywhere', async () => {
    const keep = await keeper(DEFAULT_REDACTION);
    const written = (data: string): string =>
      `{"type":"a","action":"b","key":"c","object":{"items":[{"data":{"a":"${data}"},"owners":[{"data":{"a":"b"}}]}],` +
      `"kind":"SecretList","more":[{"data":{"a":"b"}}]}}`;
    expect(await keep(written('x'))).toBe(written(REDACTED));
  });

  it('holds no password of a URL, however it is written', async () => {
    const keep = await keeper(DEFAULT_REDACTION);
    const texts = [...PASSWORDS, ...TOKENS, ...NO_SECRETS.map((text) => [text, text] as const)];
    const all = [...texts.map((pair) => pair.map((text) => JSON.stringify(text))), ...WRITTEN];
    for (const [written = '', kept = ''] of all) {
      const event = (text: string): string => `{"type":"a","action":"b","key":"c","object":{"a":${text}}}`;
      expect(await keep(event(written))).toBe(event(kept));
    }
  });

  it.each([
    ['native', { type: 'a', action: 'b', key: 'a://b:c@d', object: 'a://b:c@d' }],
    ['norn', { type: 'deploy.step', appId: 'a://b:c@d', payload: 'a://b:c@d' }],
    ['dorgu', { type: 'cluster.added', data: { name: 'a://b:c@d', more: 'a://b:c@d' } }],
    [
      'cloudevents',
      { specversion: '1.0', id: '1', source: '/', type: 'a.b', subject: 'a://b:c@d', data: 'a://b:c@d' },
    ],
  ])(
    'keeps the key of the %s format as it was, and holds no password of a URL beside it',
    async (_name, event) => {
      const kept = await (await keeper(DEFAULT_REDACTION))(JSON.stringify(event));
      expect(parseEvent(parseJson(kept)).key).toBe('a://b:c@d');
      expect(kept.match(/a:\/\/b:[^"]*/g)).toEqual(['a://b:c@d', `a://b:${REDACTED}@d`]);
    },
  );

  it.each(['se"cret', 'se\\', 'se\\"', 'se":', 'SE_', `se${'x'.repeat(1_000)}`, 'se\n', 'se\u00e9'])(
    'holds no secret under a name that is hard to parse: %j',
    async (name) => {
      const keep = await keeper([{ fields: ['se*'] }]);
      const text = (value: string): string =>
        JSON.stringify({ type: 'a', action: 'b', key: '', object: { a: ':', [name]: value } });
      expect(await keep(text('geheim'))).toBe(text(REDACTED));
    },
  );

  it('is masked by a rule for some events only when the rule matches, in every format', async () => {
    const keep = await keeper([{ fields: ['pin'], events: 'a,log,custom.b,entry.*' }]);
    const native = (action: string): string =>
      `{"type":"a","action":"${action}","key":"","object":{"pin":1}}`;
    expect(await keep(native('b'))).toContain(REDACTED);
    expect(await keep(native('c'))).toBe(native('c'));
    for (const name of ['LogEntry', 'b']) {
      expect(await keep(`{"event_type":"${name}","data":{"pin":1}}`)).toContain(REDACTED);
    }
    const other = '{"event_type":"x","data":{"pin":1}}';
    expect(await keep(other)).toBe(other);
  });

  it('is masked and retained under its own name where the key looks like a list', async () => {
    const keep = await keeper([{ fields: ['object.pin'], events: 'items.*.card[]' }]);
    const written = (pin: string): string =>
      `{"type":"items","action":"save","key":"card[]","object":{"pin":${pin},"list":[],"x[]":1}}`;
    expect(await keep(written('"1234"'))).toBe(written(`"${REDACTED}"`));
  });

  it('keeps its key, though a rule masks the field from which the key comes', async () => {
    const keep = await keeper([{ fields: ['*name', '*_id', 'component', 'key', 'subject', 'belfrykey'] }]);
    const keyOf = async (event: object): Promise<string> =>
      parseEvent(parseJson(await keep(JSON.stringify(event)))).key;
    expect(await keyOf({ type: 'a', action: 'b', key: 'k', object: null })).toBe('k');
    expect(await keyOf({ type: 'cluster.added', data: { name: 'k' } })).toBe('k');
    expect(await keyOf({ event_type: 'TaskStatusChanged', data: { task_id: 'k', name: 'x' } })).toBe('k');
    expect(await keyOf({ event_type: 'MetricUpdate', data: { metric_name: 'k' } })).toBe('k');
    const cloudEvent = { specversion: '1.0', id: '1', source: '/', type: 'a.b' };
    expect(await keyOf({ ...cloudEvent, subject: 'k' })).toBe('k');
    expect(await keyOf({ ...cloudEvent, subject: 'x', belfrykey: 'k' })).toBe('k');
  });

  it('is refused when masking makes it larger than the limit', async () => {
    const keep = await keeper(DEFAULT_REDACTION);
    const frame = '{"type":"a","action":"b","key":"","object":{"token":"","x":""}}';
    const filled = (bytes: number): string =>
      frame.replace('""}}', `"${'x'.repeat(bytes - frame.length)}"}}`);
    await expect(keep(filled(MAX_EVENT_BYTES - REDACTED.length + 1))).rejects.toThrow('BELFRY event_too_big');
    expect(await keep(filled(MAX_EVENT_BYTES - REDACTED.length))).toHaveLength(MAX_EVENT_BYTES);
  });
});

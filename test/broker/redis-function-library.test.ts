import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BelfryError } from '../../src/model/errors.ts';
import { parseJson } from '../../src/model/json.ts';
import { MAX_EVENT_BYTES, RedisWorld } from './redis-world.ts';
import { SAMPLES, FORMATS } from './samples.ts';
import { runs } from '../support/runs.ts';
import { parseEvent } from '../support/formats.ts';

const EVENT = '{"type":"profiles","action":"save","key":"global","object":{"a":1}}';
const DRP = '{"Type":"machines","Action":"update","Key":"m1","Object":null}';

describe('the Redis function belfry_publish', () => {
  it('accepts events of any service, answers their ids and tells every node', async () => {
    const world = new RedisWorld();
    const [one, two] = [await world.start(), await world.start()];
    const ids = await world.fcall(EVENT, DRP);
    const heard = await one.recorder.count(2);
    expect(heard).toMatchObject([
      { id: ids[0], type: 'profiles', action: 'save', key: 'global', object: { a: 1 } },
      { id: ids[1], previous: ids[0], type: 'machines', action: 'update', key: 'm1', object: null },
    ]);
    expect(await two.recorder.count(2)).toEqual(heard);
  });

  it('gives an event without a time the time of its id, on every node and in the history', async () => {
    const world = new RedisWorld();
    const { broker, recorder } = await world.start();
    const [id = ''] = await world.fcall(EVENT);
    const time = new Date(Number(id.split('-')[0])).toISOString();
    expect(await recorder.count(1)).toMatchObject([{ id, time }]);
    expect(await Array.fromAsync(broker.after('0-0'))).toEqual(recorder.events);
  });

  it('takes an idempotency key as its second key, and refuses it for other events', async () => {
    const world = new RedisWorld();
    const { broker, recorder } = await world.start();
    const call = (...events: string[]): Promise<unknown> =>
      world.redis.call('FCALL', 'belfry_publish', 2, world.log, `{${world.prefix}}:once:42`, ...events);
    const ids = await call(EVENT, DRP);
    expect(await call(EVENT, DRP)).toEqual(ids);
    for (const others of [[DRP, EVENT], [EVENT], [EVENT + ' ', DRP], [EVENT, DRP, DRP]])
      await expect(call(...others)).rejects.toThrow(/^BELFRY idempotency_key_reused: .+; expected .+/);
    await broker.publish([{ type: 'a', action: 'b', key: 'end', object: null }]);
    expect((await recorder.key('end')).map(({ id }) => id).slice(0, -1)).toEqual(ids);
  });

  it.each([
    ['no key at all', 0, []],
    ['a key without hash tag', 1, ['belfry:log']],
    ['another key of the hub', 1, ['{belfry}:last']],
    ['a prefix with braces', 1, ['{a}{b}:log']],
    ['a third key', 3, ['{x}:log', '{x}:once:a', '{x}:once:b']],
    ['an idempotency key of another hub', 2, ['{x}:log', '{y}:once:a']],
    ['an empty idempotency key', 2, ['{x}:log', '{x}:once:']],
  ])('refuses %s', async (_name, count, keys) => {
    const world = new RedisWorld();
    await world.start();
    const call = world.redis.call('FCALL', 'belfry_publish', count, ...keys, EVENT);
    await expect(call).rejects.toThrow(/^BELFRY (not_found|idempotency_key_invalid): .+; expected /);
    expect(await world.redis.exists('belfry:log', '{belfry}:last', '{a}{b}:log', '{x}:log')).toBe(0);
  });

  it.each([
    ['event_invalid', 'no event is given', []],
    ['json_invalid', 'the bytes are not UTF-8', [Buffer.from('{"type":"\xff"}', 'latin1')]],
    ['json_invalid', 'Expected', ['{"type":']],
    ['json_invalid', 'nested', [`${'['.repeat(65)}${']'.repeat(65)}`]],
    [
      'json_invalid',
      'it holds the name __proto__',
      [`{"type":"a","action":"b","key":"","object":[{"__proto__":1}]}`],
    ],
    ['event_invalid', 'it is not an object', ['[]']],
    ['event_invalid', 'no known format', ['{"hello":"world"}']],
    ['event_invalid', 'key is not a string', ['{"type":"a","action":"b","key":1}']],
    ['type_reserved', '"belfry"', ['{"type":"belfry","action":"gap","key":""}']],
    ['type_reserved', '"connections"', ['{"Type":"connections","Action":"create","Key":"user:ann"}']],
    ['type_reserved', '"presence"', ['{"type":"presence.offline","appId":"user:ann","payload":{}}']],
    ['type_reserved', '"tokens"', ['{"type":"tokens.revoke","data":{"name":"a"}}']],
    [
      'event_too_big',
      `${MAX_EVENT_BYTES + 1} bytes; expected at most ${MAX_EVENT_BYTES}`,
      ['x'.repeat(MAX_EVENT_BYTES + 1)],
    ],
    ['event_invalid', 'event 2 of 3: type is empty', [EVENT, '{"type":"","action":"b","key":""}', EVENT]],
  ])('refuses with %s: %s; and appends nothing', async (code, words, events) => {
    const world = new RedisWorld();
    const { recorder, broker } = await world.start();
    const refusal = await world.fcall(...events).then(String, ({ message }: Error) => message);
    expect(refusal).toMatch(new RegExp(`^BELFRY ${code}: .+; expected .+`));
    expect(refusal).toContain(words);
    expect(await world.redis.exists(world.log, world.last)).toBe(0);
    await broker.publish([{ type: 'a', action: 'b', key: 'end', object: null }]);
    expect(await recorder.key('end')).toHaveLength(1);
    expect(world.rejected).toEqual([]);
  });

  it('accepts an event of exactly the largest size', async () => {
    const world = new RedisWorld();
    const { recorder } = await world.start();
    const frame = '{"type":"a","action":"b","key":"","object":""}';
    const event = frame.replace('""}', `"${'x'.repeat(MAX_EVENT_BYTES - frame.length)}"}`);
    expect(Buffer.byteLength(event)).toBe(MAX_EVENT_BYTES);
    await world.fcall(event);
    expect(await recorder.count(1)).toMatchObject([{ size: MAX_EVENT_BYTES }]);
  });

  it.each(FORMATS)('accepts the %s format', async (_name, event) => {
    const world = new RedisWorld();
    await world.start();
    expect(await world.fcall(event)).toHaveLength(1);
  });

  it('agrees with the hub on every sample', async () => {
    const world = new RedisWorld();
    await world.start();
    const outcomes = await Promise.all(SAMPLES.map((sample) => outcomeOfFunction(world, sample)));
    const table = SAMPLES.map((sample, i) => [sample.toString('latin1').slice(0, 80), outcomes[i]]);
    expect(table).toEqual(
      SAMPLES.map((sample) => [sample.toString('latin1').slice(0, 80), outcomeOfHub(sample)]),
    );
  });

  it('agrees with the hub on JSON in which random bytes were changed', async () => {
    const world = new RedisWorld();
    await world.start();
    const snippets = ['"', '\\', '\\u', '\\ud83d\\ude00', '\\ud83d', '\\udE00', '{', '}', '[', ']', ',', ':', '.', '-', '0', '1e5', ' ', '\t', '\n', '\0', '\x01', '\x7f', '\x80', '\xc3\xa9', '\xf0', 'null', 'NaN', '"__proto__":']; // prettier-ignore
    const edit = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.nat(3),
      insert: fc.constantFrom('', '', ...snippets),
    });
    const edits = fc.array(edit, { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...SAMPLES), edits, async (sample, list) => {
        const text = list.reduce(change, sample);
        expect([text.toString('latin1'), await outcomeOfFunction(world, text)]).toEqual([
          text.toString('latin1'),
          outcomeOfHub(text),
        ]);
      }),
      { numRuns: runs(3_000) },
    );
  });
});

async function outcomeOfFunction(world: RedisWorld, text: Buffer): Promise<string> {
  try {
    await world.fcall(text);
    return 'accepted';
  } catch (error) {
    return /^BELFRY (\w+): /.exec((error as Error).message)?.[1] ?? String(error);
  }
}

function outcomeOfHub(text: Buffer): string {
  try {
    parseEvent(parseJson(text));
    return 'accepted';
  } catch (error) {
    return error instanceof BelfryError ? error.code : String(error);
  }
}

function change(text: Buffer, edit: { at: number; cut: number; insert: string }): Buffer {
  const at = Math.floor(edit.at * (text.length + 1));
  return Buffer.concat([
    text.subarray(0, at),
    Buffer.from(edit.insert, 'latin1'),
    text.subarray(at + edit.cut),
  ]);
}

import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { redisKeys } from '../../src/broker/redis-keys.ts';
import { PUBLISH_LIBRARY } from '../../src/broker/redis-scripts.ts';
import { DEFAULT_REDACTION, type RedactionRule } from '../../src/model/redaction-rules.ts';
import { DEFAULT_RETENTION, Retention } from '../../src/model/retention.ts';
import { HAS_REDIS_SERVER } from '../support/redis.ts';
import { spawnRedisServer, type RedisServer } from '../support/redis-server.ts';
import { runs } from '../support/runs.ts';
import { anyPlainEventText, number, string } from './any-text.ts';
import { RULES_OF_ALL_KINDS } from './masking-rules.ts';
import { publishFunctions, type PublishBy } from './publish-functions.ts';
import { RedisWorld } from './redis-world.ts';

const QUICK = 'belfry_publish';
const CLOSE = 'belfry_publish_close';
/** The same function, which knows no shapes and so looks at every event closely. */
const CLOSE_LIBRARY = PUBLISH_LIBRARY.replace('name=belfry', 'name=belfry_close')
  .replace(`'${QUICK}'`, `'${CLOSE}'`)
  .replace('local kind = kind_by_shape(events[i])', 'local kind = nil')
  .replace('local ids = publish_usual(keys, events)', 'local ids = nil');
const MARK = 'must be known';
/** The same function, which refuses an event with this mark when it would look at it closely. */
const KNOWN = 'belfry_publish_known';
const KNOWN_LIBRARY = PUBLISH_LIBRARY.replace('name=belfry', 'name=belfry_known')
  .replace(`'${QUICK}'`, `'${KNOWN}'`)
  .replace('text = without_mark(text)', `if text:find('${MARK}', 1, true) then no_event('unknown') end`);

/** How often an event is published until its shape is known. */
const LEARNS_AFTER = 2;
/** A text that is a value and not a name, or a number. */
const VALUE = /"(?:[^"\\]|\\.)*"(?!\s*:)|-?\d[\d.eE+-]*/g;
const EVIL = ['01', '-', '1.', '-.5', '.5', '1e', '0x1', '-0', '+1', 'true', 'nul', '""', '"\u0001"', '"\t"', '"é"', '"\u007f"', '"\\"', '"', '[]', '{}', '"a","b":"c"', '1,"token":"x"', '"x"}', '" "', '"https://a:b@c"', '"PASSWORD=x"', '"Secret"', '"token"']; // prettier-ignore

const other = fc.oneof(string, number, fc.constantFrom(...EVIL));

// All hubs on a Redis share the library, so these tests have a Redis of their own.
describe.skipIf(!HAS_REDIS_SERVER)('belfry_publish, when it knows the shape of an event', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await spawnRedisServer();
    return () => server.dispose();
  });

  const publisher = (rules: readonly RedactionRule[]): Promise<PublishBy> =>
    publishFunctions(server.url, rules, [CLOSE_LIBRARY, KNOWN_LIBRARY]);

  it.each([
    ['the default rules', DEFAULT_REDACTION],
    ['rules of all kinds', RULES_OF_ALL_KINDS],
  ])(
    'answers and stores to the byte what a close look makes of an event that differs in some values, by %s',
    async (_name, rules) => {
      const publish = await publisher(rules);
      let count = 0;
      await fc.assert(
        fc.asyncProperty(
          anyPlainEventText,
          fc.array(fc.tuple(fc.nat(), other), { minLength: 1, maxLength: 2 }),
          async (text, changes) => {
            const known = text.replace('"type":"a"', `"type":"a${count++}"`);
            for (let n = 0; n < LEARNS_AFTER; n++) await publish(QUICK, known);
            const values = known.match(VALUE) ?? [];
            let at = -1;
            const changed = known.replace(VALUE, (value) => {
              at++;
              return changes.find(([which]) => which % values.length === at)?.[1] ?? value;
            });
            const quick = [await publish(QUICK, known), await publish(QUICK, changed)];
            const close = [await publish(CLOSE, known), await publish(CLOSE, changed)];
            expect(quick).toEqual(close);
          },
        ),
        { numRuns: runs(1_000) },
      );
    },
    60_000,
  );

  const event = (key: string, object: string): string =>
    `{"type":"known","action":"b","key":"${key}","object":${object}}`;

  it.each([
    ['another text', '{"a":"x"}', '{"a":"y z"}'],
    ['another number', '{"a":-1,"b":0.5,"c":12.5}', '{"a":20,"b":0.25,"c":1.75}'],
    ['another item of a list', '[["x"],{"a":[1]}]', '[["yy"],{"a":[27]}]'],
    ['a text between spaces', '{ "a": "x", "b": 1 }', '{ "a": "y", "b": 2 }'],
    ['the letters of patterns', '{"%a-b.c*":"(^$)[%]+?"}', '{"%a-b.c*":"]-[ !#"}'],
    ['a label without a value', '{"name":"x"}', '{"name":"token"}'],
  ])('does not look closely at an event that differs by %s', async (_what, first, second) => {
    const publish = await publisher(DEFAULT_REDACTION);
    for (let n = 0; n < LEARNS_AFTER; n++) await publish(KNOWN, event('k', first));
    const text = event(MARK, second);
    expect(await publish(KNOWN, text)).toBe(text);
  });

  it.each([
    ['a URL with a password', '{"a":"x"}', '{"a":"http://a:b@c"}'],
    ['a variable in a list', '["x"]', '["PASSWORD=x"]'],
    ['the kind of a Secret', '{"kind":"Pod","data":{"a":"x"}}', '{"kind":"Secret","data":{"a":"x"}}'],
    ['a label that makes the value a secret', '{"name":"x","value":"y"}', '{"name":"token","value":"y"}'],
  ])('masks an event that differs by %s', async (_what, first, second) => {
    const publish = await publisher(DEFAULT_REDACTION);
    for (let n = 0; n < LEARNS_AFTER; n++) await publish(QUICK, event('k', first));
    expect(await publish(QUICK, event('k', second))).toContain('[redacted]');
  });

  it.each([
    ['a zero before a number', '{"a":5}', '{"a":05}'],
    ['a zero before a fraction', '{"a":1.5}', '{"a":01.5}'],
    ['a number without digits after its point', '{"a":1.5}', '{"a":1.}'],
    ['a sign without a number', '{"a":5}', '{"a":-}'],
    ['a raw control character', '{"a":"x"}', '{"a":"\u0001"}'],
    ['a quote too many', '{"a":"x"}', '{"a":"x""}'],
  ])('refuses an event that differs by %s', async (_what, first, second) => {
    const publish = await publisher(DEFAULT_REDACTION);
    for (let n = 0; n < LEARNS_AFTER; n++) await publish(QUICK, event('k', first));
    expect(await publish(QUICK, event('k', first))).toBe(event('k', first));
    expect(await publish(QUICK, event('k', second))).toContain('BELFRY json_invalid');
  });

  it('retains it by the rules for its type and action', async () => {
    const world = new RedisWorld(server.url);
    const broker = world.node({ retention: new Retention(DEFAULT_RETENTION) });
    await broker.start(() => false);
    await broker.stop();
    const ids = [];
    for (let n = 0; n < 5; n++)
      ids.push(...(await world.fcall(`{"type":"container","action":"log","key":"k","object":"${n}"}`)));
    const kept = await world.redis.xrange(redisKeys(world.prefix).tail('container', 'log', 'k'), '-', '+');
    expect(kept.map(([id]) => id)).toEqual(ids);
  });
});

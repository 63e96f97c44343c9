import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { PUBLISH_LIBRARY } from '../../src/broker/redis-scripts.ts';
import { DEFAULT_REDACTION, type RedactionRule } from '../../src/model/redaction-rules.ts';
import { HAS_REDIS_SERVER } from '../support/redis.ts';
import { spawnRedisServer, type RedisServer } from '../support/redis-server.ts';
import { runs } from '../support/runs.ts';
import { anyEventText, anyPlainEventText } from './any-text.ts';
import { RULES_OF_ALL_KINDS } from './masking-rules.ts';
import { publishFunctions, type PublishBy } from './publish-functions.ts';

const QUICK = 'belfry_publish';
const SCANNING = 'belfry_publish_scanning';
/** The same function, which takes nothing for clean and so scans every text. */
const SCANNING_LIBRARY = PUBLISH_LIBRARY.replace('name=belfry', 'name=belfry_scanning')
  .replace(`'${QUICK}'`, `'${SCANNING}'`)
  .replace("if type(event) ~= 'table' then return false end", 'if event ~= true then return false end');

const event = (object: string): string => `{"type":"a","action":"b","key":"c","object":${object}}`;

// All hubs on a Redis share the library, so these tests have a Redis of their own.
describe.skipIf(!HAS_REDIS_SERVER)(
  'belfry_publish, when it decides that nothing in an event is masked',
  () => {
    let server: RedisServer;
    beforeAll(async () => {
      server = await spawnRedisServer();
      return () => server.dispose();
    });

    const publisher = (rules: readonly RedactionRule[]): Promise<PublishBy> =>
      publishFunctions(server.url, rules, [SCANNING_LIBRARY]);

    it.each([
      ['the default rules', DEFAULT_REDACTION],
      ['rules of all kinds', RULES_OF_ALL_KINDS],
      ['no rules', []],
    ])(
      'answers and stores to the byte what a scan of the text makes of it, by %s',
      async (_name, rules) => {
        const publish = await publisher(rules);
        await fc.assert(
          fc.asyncProperty(fc.oneof(anyEventText, anyPlainEventText), async (text) => {
            expect(await publish(QUICK, text)).toBe(await publish(SCANNING, text));
          }),
          { numRuns: runs(1_500) },
        );
      },
      60_000,
    );

    it.each([
      ['in a field that a later one of the same name hides', '{"a":{"token":"x"},"a":1}'],
      ['in a list that a later field of the same name hides', '{"a":["PASSWORD=x"],"a":"\\"\\\\"}'],
      ['under a name that is escaped', '{"\\u0074oken":"x"}'],
      ['under a name in other letters', '{"X-Api_KEY":"x"}'],
      ['in a list of lists', '[[[{"token":"x"}]]]'],
      ['in a variable', '{"env":["A=b","PASSWORD=x"]}'],
      ['in a variable whose letters are escaped', '["\\u0050ASSWORD\\u003dx"]'],
      ['in a URL', '{"a":["see amqp://ann:x@host"]}'],
      ['in a URL whose letters are escaped', '{"a":"amqp\\u003a\\/\\/ann\\u003ax\\u0040host"}'],
      ['in a variable that says its name', '[{"value":"x","name":"DB_PASSWORD"}]'],
      ['in a Secret of Kubernetes', '{"kind":"Secret","data":{"a":"x"}}'],
      ['in a list of Secrets', '{"items":[{"data":{"a":"x"}}],"kind":"SecretList"}'],
      ['in a value that is sensitive', '{"sensitive":true,"value":"x"}'],
      ['in a password that could be a directory', '{"pwd":"x"}'],
    ])('overlooks no secret %s', async (_name, object) => {
      const publish = await publisher(DEFAULT_REDACTION);
      const kept = await publish(QUICK, event(object));
      expect(kept).toContain('[redacted]');
      expect(kept).toBe(await publish(SCANNING, event(object)));
    });

    it.each([
      ['more names than it remembers', Array.from({ length: 10_001 }, (_, i) => `"n${i}":1`).join(',')],
      ['a name longer than it remembers', `"${'n'.repeat(101)}":1`],
    ])('masks %s as before', async (_name, fields) => {
      const publish = await publisher(DEFAULT_REDACTION);
      const text = event(`{${fields},"a":1}`);
      expect(await publish(QUICK, text)).toBe(text);
      expect(await publish(QUICK, text.replace('"a":1', '"token":"x"'))).toContain('"token":"[redacted]"');
      expect(await publish(QUICK, text)).toBe(text);
    });
  },
);

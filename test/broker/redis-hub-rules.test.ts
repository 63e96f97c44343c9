import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { redisKeys } from '../../src/broker/redis-keys.ts';
import { BelfryError } from '../../src/model/errors.ts';
import { canonicalJson, type NewEvent } from '../../src/model/event.ts';
import { readJson } from '../../src/model/json.ts';
import { Redaction } from '../../src/model/redaction.ts';
import { DEFAULT_REDACTION, type RedactionRule } from '../../src/model/redaction-rules.ts';
import { removes } from '../../src/model/removal.ts';
import { onlyNames, Retention } from '../../src/model/retention.ts';
import { HAS_REDIS_SERVER } from '../support/redis.ts';
import { spawnRedisServer, type RedisServer } from '../support/redis-server.ts';
import { anyEventText } from './any-text.ts';
import { RULES_OF_ALL_KINDS } from './masking-rules.ts';
import { RedisWorld } from './redis-world.ts';
import { runs } from '../support/runs.ts';
import { parseEvent } from '../support/formats.ts';

/** What becomes of a text: the reason of its refusal; or its topic, where it is retained, and its masked values. */
interface Outcome {
  readonly refused?: string;
  readonly topic?: readonly [type: string, action: string, key: string];
  readonly kept?: string;
  /** What becomes of the latest event of its key, where a rule keeps it. */
  readonly latest?: 'removed' | 'stays' | 'changes' | undefined;
}

const RETENTION = new Retention([
  { pattern: 'cluster,profiles,a.*.*', latest: true },
  { pattern: '*.*.*', last: 1_000 },
]);
const ANOTHER = 'another';

// All hubs on a Redis share the library, so these tests have a Redis of their own.
describe.skipIf(!HAS_REDIS_SERVER)('the hub and the function belfry_publish', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await spawnRedisServer();
    return () => server.dispose();
  });

  const topicOf = ({ type, action, key }: NewEvent) => [type, action, key] as const;

  function byHub(text: string, redaction: Redaction): Outcome {
    try {
      const event = redaction.mask(parseEvent(readJson(Buffer.from(text))));
      const topic = topicOf(event);
      return { topic, kept: canonicalJson(event), latest: latestOf(event) };
    } catch (error) {
      if (error instanceof BelfryError) return { refused: error.code };
      throw error;
    }
  }

  function latestOf(event: NewEvent): Outcome['latest'] {
    if (RETENTION.of(event)?.kind !== 'latest') return undefined;
    if (removes(event)) return 'removed';
    return onlyNames(event) ? 'stays' : 'changes';
  }

  /** What the function does, and what a node then reads. */
  async function byFunction(world: RedisWorld, text: string, redaction: Redaction): Promise<Outcome> {
    const { redis, log, prefix } = world;
    const names = redisKeys(prefix);
    const [type = '', action = '', key = ''] = byHub(text, redaction).topic ?? [];
    const isLatest = RETENTION.of({ type, action })?.kind === 'latest';
    if (isLatest) await redis.hset(names.latest(type), key, ANOTHER);
    let id: string | undefined;
    try {
      [id = ''] = await world.fcall(text);
    } catch (error) {
      return { refused: /^BELFRY (\w+): /.exec((error as Error).message)?.[1] ?? String(error) };
    }
    const [entry] = await redis.xrange(log, id, id);
    const event = redaction.mask(parseEvent(readJson(entry?.[1].at(-1) ?? '')));
    const kept = canonicalJson(event);
    if (isLatest) {
      const latest = await redis.hget(names.latest(type), key);
      const fate = latest === null ? 'removed' : latest === ANOTHER ? 'stays' : 'changes';
      return { topic: topicOf(event), kept, latest: fate };
    }
    const filed = await redis.xrange(names.tail(type, action, key), id, id);
    return { ...(filed.length === 1 && { topic: topicOf(event) }), kept, latest: undefined };
  }

  async function compare(rules: readonly RedactionRule[], texts: fc.Arbitrary<string>, numRuns: number) {
    const redaction = new Redaction(rules);
    const world = new RedisWorld(server.url);
    const broker = world.node({ redaction, retention: RETENTION });
    await broker.start(() => false);
    await broker.stop();
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        expect([text, await byFunction(world, text, redaction)]).toEqual([text, byHub(text, redaction)]);
      }),
      { numRuns: runs(numRuns) },
    );
  }

  it.each([
    ['the default rules', DEFAULT_REDACTION],
    ['rules of all kinds', RULES_OF_ALL_KINDS],
  ])(
    'accept the same events, retain them alike and mask them alike, whatever is written, by %s',
    async (_name, rules) => {
      await expect(compare(rules, anyEventText, 2_000)).resolves.toBeUndefined();
    },
    60_000,
  );
});

import { Redaction } from '../../src/model/redaction.ts';
import type { RedactionRule } from '../../src/model/redaction-rules.ts';
import { RedisWorld } from './redis-world.ts';

/** Publishes a text by the function of this name: answers what it refuses, or what is then in the log. */
export type PublishBy = (name: string, text: string) => Promise<string>;

/** A hub with these rules, whose Redis also has these libraries beside that of the hub. */
export async function publishFunctions(
  url: string,
  rules: readonly RedactionRule[],
  libraries: readonly string[],
): Promise<PublishBy> {
  const world = new RedisWorld(url);
  const broker = world.node({ redaction: new Redaction(rules) });
  await broker.start(() => false);
  await broker.stop();
  for (const library of libraries) await world.redis.function('LOAD', 'REPLACE', library);
  return async (name, text) => {
    try {
      const [id = ''] = (await world.redis.call('FCALL', name, 1, world.log, text)) as string[];
      return (await world.redis.xrange(world.log, id, id))[0]?.[1].at(-1) ?? '';
    } catch (error) {
      return (error as Error).message;
    }
  };
}

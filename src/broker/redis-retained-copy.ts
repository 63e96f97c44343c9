import type { Result } from 'ioredis';
import type { Layout } from '../model/shards.ts';
import { readStreamPage } from './redis-log-reader.ts';
import type { RedisShard } from './redis-shard.ts';
import type { RedisShards } from './redis-shards.ts';
import { bound } from '../model/bound.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** retained-copy.lua */
    belfryCopyRetained(keyCount: 1, last: string, ...values: (string | Buffer)[]): Result<0 | 1, Context>;
  }
}

const PAGE = bound(
  'retained values that are copied at once while a hub is divided anew',
  200,
  'entries',
  'the next ones follow',
);

/** One value in the form that retained-copy.lua takes, and the shard that takes it. */
interface Copy {
  readonly to: number;
  readonly values: readonly (string | Buffer)[];
}

/** Copies what the closed shards of the newest epoch of one layout retain to the shards of another one. */
export async function copyRetained(from: Layout, to: Layout, shards: RedisShards): Promise<void> {
  const { first, count } = from.newest;
  for (let shard = first; shard < first + count; shard++) await copyOf(shards.of(shard), to, shards);
}

async function copyOf(source: RedisShard, to: Layout, shards: RedisShards): Promise<void> {
  const { commands, keys } = source;
  const changed = await commands.ask((redis) => redis.hgetallBuffer(keys.changed));
  await send(
    Object.entries(changed).flatMap(([type, value]) =>
      to.shardsOfType(type).map((shard) => ({ to: shard, values: ['changed', type, value, '', ''] })),
    ),
    source,
    shards,
  );
  let cursor = '0';
  do {
    // In shard 0 the hub goes on to write, which changes the order of the names.
    const [next, found] = await commands.ask((redis) => redis.zscan(keys.written, cursor, 'COUNT', PAGE));
    const names = found.filter((_, i) => i % 2 === 0).flatMap((name) => placeOf(name, to) ?? []);
    const latest = names.filter(({ kind }) => kind === 'latest');
    await send(await readLatest(latest, source), source, shards);
    const tails = names.filter(({ kind, to: shard }) => kind === 'tail' && shard !== keys.shard);
    await Promise.all(tails.map((tail) => copyTail(tail, source, shards)));
    cursor = next;
  } while (cursor !== '0');
}

async function send(copies: readonly Copy[], { keys }: RedisShard, shards: RedisShards): Promise<void> {
  // Events of the hub itself stay where they are.
  const parts = Map.groupBy(
    copies.filter(({ to }) => to !== keys.shard),
    ({ to }) => to,
  );
  await Promise.all(
    Array.from(parts, ([to, part]) => {
      const target = shards.of(to);
      const values = part.flatMap((copy) => copy.values);
      return target.commands.ask((redis) => redis.belfryCopyRetained(1, target.keys.last, ...values));
    }),
  );
}

/** Something that is retained, by its name in the list of what was written. */
interface Place {
  readonly name: string;
  readonly kind: 'tail' | 'latest';
  readonly type: string;
  readonly key: string;
  readonly to: number;
}

function placeOf(name: string, to: Layout): Place | undefined {
  const [, kind, type = '', key = ''] = /^(tail|latest):([^.:]*)[^:]*:(.*)$/s.exec(name) ?? [];
  if (kind !== 'tail' && kind !== 'latest') return undefined;
  return { name, kind, type: plain(type), key, to: to.shardOf(plain(type), key) };
}

async function readLatest(
  places: readonly Place[],
  { commands, keys }: Pick<RedisShard, 'commands' | 'keys'>,
): Promise<Copy[]> {
  const read = places.map(async ({ name, type, key, to }) => {
    const value = await commands.ask((redis) => redis.hgetBuffer(keys.latest(type), key));
    return value === null ? [] : [{ to, values: ['latest', type, key, value, name] }];
  });
  return (await Promise.all(read)).flat();
}

async function copyTail({ name, to }: Place, source: RedisShard, shards: RedisShards): Promise<void> {
  const tail = `{${source.keys.name}}:${name}`;
  const rest = name.slice('tail:'.length);
  for (let from = '-', isLast = false; !isLast;) {
    const page = await readStreamPage(source.reads, 'XRANGE', tail, [from, '+']);
    const entries = page.entries.map(([id, [, event = '']]) => ({
      to,
      values: ['entry', rest, id, event, ''],
    }));
    await send(entries, source, shards);
    isLast = page.isLast || page.entries.length === 0;
    from = `(${page.entries.at(-1)?.[0].toString('latin1') ?? ''}`;
  }
  const ttl = await source.commands.ask((redis) => redis.pttl(tail));
  await send([{ to, values: ['tail', rest, `${ttl}`, '', ''] }], source, shards);
}

/** A part of a name without the escapes of retain.lua. */
function plain(text: string): string {
  return text.replaceAll(/%([\dA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

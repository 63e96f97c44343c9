import type { Redis } from 'ioredis';
import { timeAt } from '../model/cursor.ts';
import { UNKNOWN, type Principal } from '../model/principal.ts';
import { readRecords } from './redis-connection-list.ts';
import { encodePrincipal, decodePrincipal, type RegistryKeys } from './redis-registry-keys.ts';
import type { RegistryNode } from './redis-change-writer.ts';
import {
  isPresence,
  PRESENCE_CONNECTIONS_MAX,
  type ConnectionRecord,
  type OnlinePage,
  type OnlineQuery,
  type Presence,
} from './registry.ts';
import { bound } from '../model/bound.ts';

const PAGE = bound(
  'principals that are read from Redis at once',
  500,
  'entries',
  'the others are read after them',
);

type Parts = Pick<RegistryNode, 'keys' | 'clock'>;

/** Reads the presence of one principal from Redis. */
export async function presenceOf(
  redis: Redis,
  { keys, clock }: Parts,
  principal: Principal,
): Promise<Presence> {
  if (principal === UNKNOWN) {
    return { principal, online: false, since: null, lastSeen: null, connections: [] };
  }
  const [[count = null, since = null, last = null], leaving, connections] = await Promise.all([
    redis.hmget(keys.presence(principal), 'n', 'since', 'last'),
    redis.zscore(keys.leaving, encodePrincipal(principal)),
    connectionsOf(redis, keys, principal),
  ]);
  const online = count !== null || leaving !== null;
  return { principal, online, since, lastSeen: online ? timeAt(clock.now()) : last, connections };
}

/** Reads one page of the principals that are online. */
export async function onlineOf(
  redis: Redis,
  { keys, clock }: Parts,
  query: OnlineQuery,
): Promise<OnlinePage> {
  const { principals, total } = await pageOf(redis, keys, query);
  const since = await Promise.all(
    principals.map((principal) => redis.hget(keys.presence(principal), 'since')),
  );
  const lastSeen = timeAt(clock.now());
  const online = principals.map((principal, i) => ({
    principal,
    online: true,
    since: since[i] ?? null,
    lastSeen,
  }));
  return { online, total };
}

async function pageOf(
  redis: Redis,
  keys: RegistryKeys,
  { visible, offset, limit }: OnlineQuery,
): Promise<{ principals: Principal[]; total: number }> {
  if (visible === 'all') {
    const last = offset + limit - 1;
    const [found, total] = await Promise.all([
      limit === 0 ? [] : redis.zrange(keys.present, `${offset}`, `${last}`),
      redis.zcard(keys.present),
    ]);
    return { principals: found.map(decodePrincipal), total };
  }
  const asked = [...new Set(visible)];
  const scores = await Promise.all(
    asked.map((principal) => redis.zscore(keys.present, encodePrincipal(principal))),
  );
  const found = asked.filter((_, i) => scores[i] !== null).toSorted();
  return { principals: found.slice(offset, offset + limit), total: found.length };
}

/** Reads the connections of a principal in parts, so that no command answers too many. */
async function connectionsOf(
  redis: Redis,
  keys: RegistryKeys,
  principal: Principal,
): Promise<ConnectionRecord[]> {
  const found: ConnectionRecord[] = [];
  for (let at = 0; found.length < PRESENCE_CONNECTIONS_MAX; at += PAGE) {
    const members = await redis.zrange(keys.of(principal), `${at}`, `${at + PAGE - 1}`);
    found.push(...(await readRecords(redis, keys, members)).filter(isPresence));
    if (members.length < PAGE) break;
  }
  return found.slice(0, PRESENCE_CONNECTIONS_MAX);
}

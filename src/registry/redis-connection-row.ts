import { sortableAddress } from './address.ts';
import { encodePrincipal } from './redis-registry-keys.ts';
import { isLogged, isPresence, type ConnectionRecord } from './registry.ts';

/**
 * A record as it stands in Redis: a line of what its scripts look at, and the JSON that events show.
 *
 *     <sortable address> <kind> <dialect> <expiry, or -> <principal>
 *     {"Type":…}
 *
 * The kind is `d` where limits count it and the log takes its events, `w` where limits count it and they are told live
 * only, else `a`.
 */
export function rowOf(record: ConnectionRecord): string {
  const { Type, RemoteAddr, Principal, CreateTime, ExpiresAt, Id, Node, Dialect, Patterns, UserAgent } =
    record;
  const kind = isLogged(record) ? 'd' : isPresence(record) ? 'w' : 'a';
  const header = `${sortableAddress(RemoteAddr)} ${kind} ${Dialect} ${ExpiresAt ?? '-'} ${encodePrincipal(Principal)}`;
  const spelled = {
    Type,
    RemoteAddr,
    Principal,
    CreateTime,
    ExpiresAt,
    Id,
    Node,
    Dialect,
    Patterns,
    UserAgent,
  };
  return `${header}\n${JSON.stringify(spelled)}`;
}

export function recordOf(row: string): ConnectionRecord {
  return JSON.parse(row.slice(row.indexOf('\n') + 1)) as ConnectionRecord;
}

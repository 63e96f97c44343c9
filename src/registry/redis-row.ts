import { sortableAddress } from './address.ts';
import { spelt } from './redis-names.ts';
import { isPresence, type ConnectionRecord } from './registry.ts';

/**
 * A record as it stands in Redis: a line of what its scripts look at, and the JSON that events show.
 *
 *     <sortable address> <w or a> <dialect> <expiry, or -> <principal>
 *     {"Type":…}
 */
export function rowOf(record: ConnectionRecord): string {
  const { Type, RemoteAddr, Principal, CreateTime, ExpiresAt, Id, Node, Dialect, Patterns, UserAgent } =
    record;
  const kind = isPresence(record) ? 'w' : 'a';
  const header = `${sortableAddress(RemoteAddr)} ${kind} ${Dialect} ${ExpiresAt ?? '-'} ${spelt(Principal)}`;
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

import { sortableAddress } from './address.ts';
import { encodePrincipal } from './redis-registry-keys.ts';
import { isLogged, isPresence, type ConnectionRecord } from './registry.ts';

/**
 * Writes the record of a connection as it stands in Redis: a line with what the scripts read, and the JSON that
 * events show.
 *
 *     <sortable address> <kind> <dialect> <expiry, or -> <principal>
 *     {"Type":…}
 *
 * The kind is `d` for a connection that counts for the limits and whose events go into the log, `w` for one that
 * counts and whose events are told live only, else `a`.
 */
export function rowOf(record: ConnectionRecord): string {
  const { Type, RemoteAddr, Principal, CreateTime, ExpiresAt, Id, Node, Dialect, Patterns, UserAgent } =
    record;
  const kind = isLogged(record) ? 'd' : isPresence(record) ? 'w' : 'a';
  const words = [sortableAddress(RemoteAddr), kind, Dialect, ExpiresAt ?? '-', encodePrincipal(Principal)];
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
  // Joined and not added: a text that is added together keeps its parts, here a fifth of all objects of a connection.
  return [words.join(' '), JSON.stringify(spelled)].join('\n');
}

export function recordOf(row: string): ConnectionRecord {
  return JSON.parse(row.slice(row.indexOf('\n') + 1)) as ConnectionRecord;
}

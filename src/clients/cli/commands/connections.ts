import {
  examples,
  hubCommand,
  note,
  untilStopped,
  wholeNumber,
  withHub,
  type AddCommand,
  type HubOptions,
} from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { nextOf } from '../next-page.ts';
import { Output, type Column } from '../output.ts';
import type { AskOptions, Session } from '../session.ts';
import { HubError } from '../../sdk/errors.ts';

const PATH = 'api/v3/connections';
const TOKENS = 'api/v3/tokens';

/** A connection as the hub describes it. */
interface Connection {
  readonly Type: string;
  readonly RemoteAddr: string;
  readonly Principal: string;
  readonly CreateTime: string;
  readonly ExpiresAt: string | null;
  readonly Id: string;
  readonly Node: string;
  readonly Dialect: string;
  readonly Patterns: readonly string[];
  readonly Reason?: string;
}

/** A connection that was there at the beginning (`list`), or what became of one. */
interface Change {
  readonly time: string;
  readonly action: string;
  readonly connection: Connection;
}

interface ListOptions extends HubOptions {
  readonly sort?: string;
  readonly reverse?: boolean;
  readonly limit?: number;
}

interface CloseOptions extends HubOptions {
  readonly principal?: string;
  readonly node?: string;
  readonly tokenId?: string;
  readonly revoke?: boolean;
  readonly until?: string;
}

const COLUMNS: readonly Column<Connection>[] = [
  { title: 'ADDRESS', text: ({ RemoteAddr }) => RemoteAddr },
  { title: 'PRINCIPAL', text: ({ Principal }) => Principal },
  { title: 'TYPE', text: ({ Type, Dialect }) => Dialect || Type },
  { title: 'NODE', text: ({ Node }) => Node },
  { title: 'SINCE', text: ({ CreateTime }) => CreateTime },
  { title: 'EXPIRES', text: ({ ExpiresAt }) => ExpiresAt ?? '-' },
  { title: 'PATTERNS', text: ({ Patterns }) => Patterns.join(' ') || '-' },
];

/** `belfry connections`: who is connected, on all nodes. */
export const addConnections: AddCommand = (program) => {
  const connections = program
    .command('connections')
    .description('List, show, watch or close the connections of all nodes.');
  examples(connections, {
    'belfry connections list Principal=user:ada --sort CreateTime': 'those of one principal, oldest first',
    'belfry connections watch --output jsonl': 'who is there, then who comes and goes, for a program',
    'belfry connections close --principal user:ada --revoke': 'signs somebody out everywhere',
  });

  hubCommand(connections, 'list')
    .description('Print the connections that match all filters.')
    .argument('[filters...]', 'Field=value or Field=Fn(value), as Principal=user:ada')
    .option('-s, --sort <fields>', 'fields to sort by, comma-separated')
    .option('-r, --reverse', 'the other way round')
    .option('-l, --limit <count>', 'how many at most', wholeNumber)
    .action((filters: string[], options: ListOptions) =>
      withHub(options, async (session) =>
        new Output(options).all((await listed(session, filters, options)).connections, { columns: COLUMNS }),
      ),
    );

  hubCommand(connections, 'show')
    .description('Print one connection.')
    .argument('<name>', 'its address or id')
    .action((name: string, options: HubOptions) =>
      withHub(options, async (session) => {
        const response = await named(name, () => session.ask(pathOf(name)));
        new Output(options).one((await response.json()) as Connection);
      }),
    );

  hubCommand(connections, 'watch')
    .description('Print who is connected, then who comes and goes, reconnecting by itself.')
    .action((options: HubOptions) => withHub(options, (session) => watchConnections(session, options)));

  hubCommand(connections, 'close')
    .description('Close connections on whichever node they are, and print them once they are gone.')
    .argument('[name]', 'address or id of one')
    .option('--principal <principal>', 'all of this principal')
    .option('--node <node>', 'all of this node')
    .option('--token-id <id>', 'all that came with this token or session (its jti or sid), which is revoked')
    .option('--revoke', 'with --principal: revoke all that it has signed in for so far, too')
    .option('--until <time>', 'until when it stays revoked (RFC 3339; a year when absent)')
    .action((name: string | undefined, options: CloseOptions) => close(name, options));
};

async function listed(
  session: Session,
  filters: readonly string[],
  { sort, reverse, limit }: Omit<ListOptions, keyof HubOptions>,
): Promise<Pages> {
  const query = new URLSearchParams(filters.map(readFilter));
  for (const field of sort?.split(',') ?? []) query.append('sort', field);
  if (limit !== undefined) query.set('limit', `${limit}`);
  if (reverse === true) query.set('reverse', 'true');
  return pagesOf(session, `${PATH}?${query.toString()}`, {}, limit);
}

interface Pages {
  readonly connections: readonly Connection[];
  /** Changes after this position are not in the list, or in it already. */
  readonly cursor: string | undefined;
}

/**
 * The connections that the hub lists or closes, read page by page, `most` at most. An answer with a single connection
 * is read as a list of one.
 */
async function pagesOf(session: Session, first: string, how: AskOptions, most = Infinity): Promise<Pages> {
  const found: Connection[] = [];
  let cursor: string | undefined;
  let path: string | undefined = first;
  while (path !== undefined) {
    const response = await session.ask(path, how);
    cursor ??= response.headers.get('Belfry-Cursor') ?? undefined;
    found.push(...[(await response.json()) as Connection | readonly Connection[]].flat());
    path = found.length < most ? nextOf(response) : undefined;
  }
  return { connections: found.slice(0, most), cursor };
}

/** Prints the connections that exist now, and then each connection that opens or closes, until somebody ends it. */
async function watchConnections(session: Session, options: HubOptions): Promise<void> {
  const signal = untilStopped();
  session.tellState(note);
  const output = new Output(options);
  const rows = output.rows<Change>({
    line: ({ time, action, connection }) => {
      const { RemoteAddr, Principal, Dialect, Type, Node, Reason = '' } = connection;
      const rest = [RemoteAddr, Principal, Dialect || Type, Node, Reason].join('  ').trimEnd();
      return [[time, 'dim'], '  ', [action.padEnd(6), 'bold'], '  ', rest];
    },
  });
  // Changes are heard from the position of the list on, so that no connection falls between the two.
  const { connections, cursor } = await listed(session, [], {});
  for (const connection of connections)
    rows.print({ time: connection.CreateTime, action: 'list', connection });
  const since = cursor === undefined ? {} : { since: cursor };
  for await (const item of session.listen(['connections.*.*'], { ...since, signal })) {
    if (item.gap !== undefined) note(`gap: connections may have come and gone unseen (${item.gap.reason})`);
    else rows.print({ time: item.time, action: item.action, connection: item.object as Connection });
  }
  rows.end();
}

/**
 * Closes the connection with this address or id, or all connections of a principal or of a node. With the id of a token
 * or of a session, or with a principal and `revoke`, the hub also revokes the tokens and closes the connections that
 * they opened.
 */
async function close(name: string | undefined, options: CloseOptions): Promise<void> {
  const path = pathToClose(name, options);
  await withHub(options, async (session) => {
    const output = new Output(options);
    const run = () => pagesOf(session, path, { method: 'DELETE' });
    if (!path.startsWith(TOKENS)) {
      const { connections } = await (name === undefined ? run() : named(name, run));
      output.all(connections, { columns: COLUMNS });
      return;
    }
    const response = await session.ask(path, { method: 'DELETE' });
    const { Until: until } = (await response.json()) as { readonly Until: string };
    output.all([{ revokedUntil: until }], {
      columns: [{ title: 'REVOKED UNTIL', text: (row) => row.revokedUntil }],
    });
  });
}

function pathToClose(
  name: string | undefined,
  { principal, node, tokenId, revoke = false, until }: CloseOptions,
): string {
  const end = until === undefined ? {} : { until };
  if (revoke && principal === undefined)
    throw new UsageError(
      '--revoke does not say whose tokens are to be revoked. Expected --principal with --revoke.',
    );
  const paths = [
    name === undefined ? undefined : pathOf(name),
    principal === undefined
      ? undefined
      : revoke
        ? `${TOKENS}?${new URLSearchParams({ principal, ...end }).toString()}`
        : `${PATH}?${new URLSearchParams({ Principal: `Eq(${principal})` }).toString()}`,
    // Without a filter on the principal, the hub leaves out anonymous connections; this filter includes them.
    node === undefined
      ? undefined
      : `${PATH}?${new URLSearchParams({ Node: `Eq(${node})`, Principal: 'Ne()' }).toString()}`,
    tokenId === undefined
      ? undefined
      : `${TOKENS}/${encodeURIComponent(tokenId)}?${new URLSearchParams(end).toString()}`,
  ].filter((path) => path !== undefined);
  const [path] = paths;
  if (path !== undefined && paths.length === 1) return path;
  throw new UsageError(
    'What is to be closed is not clear. Expected one address or id, or one of --principal, --node, --token-id.',
  );
}

function pathOf(name: string): string {
  return `${PATH}/${encodeURIComponent(name)}`;
}

/** @throws CommandError when the hub knows no such connection */
async function named<T>(name: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (!(cause instanceof HubError && cause.code === 'not_found')) throw cause;
    throw new CommandError(
      'refused',
      `There is no connection "${name}" that you may see. Expected the address (ip:port) or the id of one that "belfry connections list" shows.`,
      { cause },
    );
  }
}

function readFilter(filter: string): [string, string] {
  const equals = filter.indexOf('=');
  if (equals > 0) return [filter.slice(0, equals), filter.slice(equals + 1)];
  throw new UsageError(
    `"${filter}" is no filter. Expected Field=value or Field=Fn(value), as Principal=user:ada.`,
  );
}

import { call, type Call } from './http.ts';
import { UsageError, type TargetOptions } from './target.ts';
import { watch, type WatchOptions } from './watch.ts';

const PATH = '/api/v3/connections';
const TOKENS = '/api/v3/tokens';

/** A connection as the hub describes it. */
interface Shown {
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

export interface ListOptions extends TargetOptions {
  readonly sort?: string | undefined;
  readonly reverse?: boolean | undefined;
  readonly limit?: string | undefined;
  /** Print each connection as one line of JSON. */
  readonly json?: boolean | undefined;
}

export interface CloseOptions extends TargetOptions {
  readonly principal?: string | undefined;
  readonly node?: string | undefined;
  readonly tokenId?: string | undefined;
  /** Together with a principal, this revokes the tokens of that principal as well. */
  readonly revoke?: boolean | undefined;
  readonly until?: string | undefined;
}

type Print = (line: string) => void;

const COLUMNS: readonly (readonly [title: string, text: (connection: Shown) => string])[] = [
  ['ADDRESS', ({ RemoteAddr }) => RemoteAddr],
  ['PRINCIPAL', ({ Principal }) => Principal],
  ['TYPE', ({ Type, Dialect }) => Dialect || Type],
  ['NODE', ({ Node }) => Node],
  ['SINCE', ({ CreateTime }) => CreateTime],
  ['EXPIRES', ({ ExpiresAt }) => ExpiresAt ?? '-'],
  ['PATTERNS', ({ Patterns }) => Patterns.join(' ') || '-'],
];

/** Prints the connections that match all filters. A filter has the form `Field=value` or `Field=Fn(value)`. */
export async function listConnections(
  filters: readonly string[],
  options: ListOptions,
  print: Print,
): Promise<void> {
  const query = new URLSearchParams(filters.map(readFilter));
  const { sort, limit, reverse, json } = options;
  for (const field of sort?.split(',') ?? []) query.append('sort', field);
  if (limit !== undefined) query.set('limit', limit);
  if (reverse === true) query.set('reverse', 'true');
  const request = { method: 'GET', path: `${PATH}?${query.toString()}` } as const;
  const found = await pagesOf(request, Number(limit ?? Infinity), options);
  for (const line of json === true ? found.map((each) => JSON.stringify(each)) : table(found)) print(line);
}

/**
 * The connections that the hub lists or closes, read page by page, `most` at most. An answer with a single connection
 * is read as a list of one.
 */
async function pagesOf(request: Call, most: number, options: TargetOptions): Promise<readonly Shown[]> {
  const found: Shown[] = [];
  let path: string | undefined = request.path;
  while (path !== undefined) {
    const { body, headers } = await call({ ...request, path }, options);
    found.push(...[JSON.parse(body) as Shown | readonly Shown[]].flat());
    const next = /^<([^>]+)>; rel="next"$/.exec(String(headers['link'] ?? ''))?.[1];
    path = found.length < most ? next : undefined;
  }
  return found.slice(0, most);
}

/** Prints the connection that has this address or id. */
export async function showConnection(name: string, options: TargetOptions, print: Print): Promise<void> {
  const { body } = await call({ method: 'GET', path: pathOf(name), missing: missing(name) }, options);
  print(JSON.stringify(JSON.parse(body), null, 2));
}

/** Prints the connections that exist now, and then each connection that opens or closes, until the signal ends it. */
export async function watchConnections(
  options: ListOptions & Pick<WatchOptions, 'print' | 'note'>,
  signal: AbortSignal,
): Promise<void> {
  const { json, print } = options;
  let listed: Promise<void> | undefined;
  await watch(
    ['connections.*.*'],
    {
      ...options,
      dialect: 'native',
      json: true,
      print: (frame) => print(json === true ? frame : changeLine(frame)),
      note: (line) => {
        options.note(line);
        // The list is read only once the watch is connected, so that no connection falls between the two. A connection
        // that opens in between may be printed twice.
        listed ??= listConnections([], options, print).catch((error: unknown) => {
          options.note(error instanceof Error ? error.message : 'the list cannot be read');
        });
      },
    },
    signal,
  );
}

/**
 * Closes the connection with this address or id, or all connections of a principal or of a node. With the id of a token
 * or of a session, or with a principal and `revoke`, the hub also revokes the tokens and closes the connections that
 * they opened. The command prints the connections that were closed.
 */
export async function closeConnections(
  name: string | undefined,
  { principal, node, tokenId, revoke = false, until, ...options }: CloseOptions,
  print: Print,
): Promise<void> {
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
  if (path === undefined || paths.length > 1) {
    throw new UsageError(
      'What is to be closed is not clear. Expected one address or id, or one of --principal, --node, --token-id.',
    );
  }
  const request = { method: 'DELETE', path, ...(name !== undefined && { missing: missing(name) }) } as const;
  if (path.startsWith(TOKENS)) {
    const { Until } = JSON.parse((await call(request, options)).body) as { readonly Until: string };
    return print(`revoked until ${Until}`);
  }
  const closed = await pagesOf(request, Infinity, options);
  for (const line of table(closed)) print(line);
}

function pathOf(name: string): string {
  return `${PATH}/${encodeURIComponent(name)}`;
}

function missing(name: string): string {
  return `There is no connection "${name}" that you may see. Expected the address (ip:port) or the id of one that "belfry connections list" shows.`;
}

function readFilter(filter: string): [string, string] {
  const equals = filter.indexOf('=');
  if (equals > 0) return [filter.slice(0, equals), filter.slice(equals + 1)];
  throw new UsageError(
    `"${filter}" is no filter. Expected Field=value or Field=Fn(value), as Principal=user:ada.`,
  );
}

function table(connections: readonly Shown[]): string[] {
  const rows = [
    COLUMNS.map(([title]) => title),
    ...connections.map((each) => COLUMNS.map(([, text]) => text(each))),
  ];
  const widths = COLUMNS.map((_column, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((text, i) => text.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function changeLine(frame: string): string {
  const { time, action, object } = JSON.parse(frame) as { time: string; action: string; object: Shown };
  const { RemoteAddr, Principal, Dialect, Type, Node, Reason = '' } = object;
  return [time, action, RemoteAddr, Principal, Dialect || Type, Node, Reason].join('  ').trimEnd();
}

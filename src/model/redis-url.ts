import { BelfryError } from './errors.ts';

/** `redis[s]://`: a single Redis. ioredis reads this URL itself. */
export interface SingleAddress {
  readonly kind: 'single';
  readonly hosts: readonly HostPort[];
}

/** `redis[s]+sentinel://`: the hosts are Sentinels, which know the master. */
export interface SentinelAddress extends Credentials {
  readonly kind: 'sentinel';
  readonly hosts: readonly HostPort[];
  readonly tls: boolean;
  readonly db: number;
  readonly master: string;
  /** The credentials for the Sentinels, which are separate from those of the master. */
  readonly sentinel: Credentials;
}

/** `redis[s]+cluster://`: some servers of a Redis Cluster, which know all others. */
export interface ClusterAddress extends Credentials {
  readonly kind: 'cluster';
  readonly hosts: readonly HostPort[];
  readonly tls: boolean;
}

export type RedisAddress = SingleAddress | SentinelAddress | ClusterAddress;

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface Credentials {
  readonly username?: string;
  readonly password?: string;
}

interface Parts {
  /** `redis` or `rediss`, possibly followed by `+` and the kind. */
  readonly scheme: string;
  readonly hosts: string;
  /** Everything else as the URL of one host, since the URL standard does not allow several hosts. */
  readonly rest: URL;
}

const FORM = /^(rediss?(?:\+sentinel|\+cluster)?):\/\/(?:([^/?#]*)@)?([^@/?#]+)([/?][^#]*)?$/;
const EXPECTED =
  'a URL redis://[user:password@]host:port[/db], redis+sentinel://[user:password@]host:port,host:port[/db]?master=name ' +
  'or redis+cluster://[user:password@]host:port,host:port, and rediss instead of redis for TLS';
/** Passwords in the query: one that ioredis reads from a plain URL, and one that we read. */
const SECRET_PARAMETERS = ['password', 'sentinelPassword'];
const SENTINEL_PARAMETERS = ['master', 'sentinelUsername', 'sentinelPassword'];

/**
 * Parses the address of Redis. @throws BelfryError `config_invalid`; its message continues a sentence that begins
 * with the name of the setting, and repeats nothing of the URL
 */
export function parseRedisUrl(written: string): RedisAddress {
  const { scheme, hosts: list, rest } = split(written);
  const [protocol, kind = 'single'] = scheme.split('+');
  const hosts = list.split(',').map((host) => readHost(host, kind === 'sentinel' ? 26_379 : 6_379));
  const shared = { hosts, tls: protocol === 'rediss', ...readCredentials(rest) };
  if (kind === 'single') return hosts.length === 1 ? { kind, hosts } : refuse('holds several hosts');
  const db = readDatabase(rest);
  if (kind === 'sentinel') return { kind, ...shared, db, ...readMaster(rest) };
  if (db !== 0) refuse('names a database, and a Redis Cluster has only 0');
  if (rest.search !== '') refuse('holds parameters');
  return { kind: 'cluster', ...shared };
}

/** Replaces each password in the URL by `***`. @throws as {@link parseRedisUrl} does */
export function withoutPasswords(written: string): string {
  const { scheme, hosts, rest } = split(written);
  if (rest.password !== '') rest.password = '***';
  for (const name of SECRET_PARAMETERS) {
    if (rest.searchParams.has(name)) rest.searchParams.set(name, '***');
  }
  return rest.href
    .replace(/^redis:/, `${scheme}:`)
    .replace(/(@|\/\/)host(?=[/?]|$)/, (_, before: string) => `${before}${hosts}`);
}

function split(written: string): Parts {
  const [, scheme, userinfo, hosts, tail = ''] = FORM.exec(written) ?? [];
  if (scheme === undefined || hosts === undefined) return refuse('is not such an address');
  const rest = new URL(`redis://${userinfo === undefined ? '' : `${userinfo}@`}host${tail}`);
  return { scheme, hosts, rest };
}

function readHost(written: string, defaultPort: number): HostPort {
  const url = `redis://${written}`;
  if (written === '' || !URL.canParse(url)) return refuse('holds a host that is not valid');
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? defaultPort : Number(port) };
}

function readCredentials({ username, password }: URL): Credentials {
  try {
    return credentials(decodeURIComponent(username), decodeURIComponent(password));
  } catch {
    return refuse('holds a % in user or password that encodes nothing');
  }
}

function credentials(username: string, password: string): Credentials {
  return { ...(username && { username }), ...(password && { password }) };
}

function readDatabase({ pathname }: URL): number {
  const [, digits] = /^\/?(\d{0,5})$/.exec(pathname) ?? [];
  return digits === undefined ? refuse('holds a path that is no number of a database') : Number(digits);
}

function readMaster({ searchParams }: URL): Pick<SentinelAddress, 'master' | 'sentinel'> {
  if ([...searchParams.keys()].some((name) => !SENTINEL_PARAMETERS.includes(name))) {
    refuse(`holds a parameter other than ${SENTINEL_PARAMETERS.join(', ')}`);
  }
  const [master, ...own] = SENTINEL_PARAMETERS.map((name) => searchParams.get(name) ?? '');
  const [username = '', password = ''] = own;
  return { master: master || refuse('does not name the master'), sentinel: credentials(username, password) };
}

function refuse(why: string): never {
  throw new BelfryError('config_invalid', `${why}. Expected ${EXPECTED}`);
}

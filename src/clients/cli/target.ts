/** Where a command of the CLI goes, and with which credentials. */
export interface TargetOptions {
  /** `ws(s)://` or `http(s)://`, with or without path and `?token=`. */
  readonly url: string;
  readonly token?: string | undefined;
  /** Accept a certificate that nobody vouches for, such as the one a node makes for itself. */
  readonly insecure?: boolean | undefined;
}

export const DEFAULT_URL = 'ws://localhost:8800';

/** Something the user of the CLI can mend; printed without a stack. */
export class UsageError extends Error {}

const HTTP: Readonly<Record<string, string>> = {
  'ws:': 'http:',
  'wss:': 'https:',
  'http:': 'http:',
  'https:': 'https:',
};
const WS: Readonly<Record<string, string>> = {
  'ws:': 'ws:',
  'wss:': 'wss:',
  'http:': 'ws:',
  'https:': 'wss:',
};

/** The URL of a socket; a path that is given is kept. The token is taken out of it, to travel in a header. */
export function socketTarget(
  options: TargetOptions,
  path: string,
): { url: URL; headers: Record<string, string> } {
  const { url, headers } = parse(options, WS);
  if (url.pathname === '/') url.pathname = path;
  return { url, headers };
}

/** The URL of an HTTP call on the same hub, whatever path the given one has. */
export function httpTarget(
  options: TargetOptions,
  path: string,
): { url: URL; headers: Record<string, string> } {
  const { url, headers } = parse(options, HTTP);
  url.pathname = path;
  url.search = '';
  return { url, headers };
}

function parse(
  options: TargetOptions,
  schemes: Readonly<Record<string, string>>,
): { url: URL; headers: Record<string, string> } {
  const given = options.url.includes('://') ? options.url : `ws://${options.url}`;
  if (!URL.canParse(given))
    throw new UsageError(`"${options.url}" is no URL. Expected for example ${DEFAULT_URL}.`);
  const url = new URL(given);
  const scheme = schemes[url.protocol];
  if (scheme === undefined)
    throw new UsageError(`The hub cannot be reached by ${url.protocol}// . Expected ws, wss, http or https.`);
  const token = options.token ?? url.searchParams.get('token') ?? undefined;
  url.searchParams.delete('token');
  const target = new URL(url.href.replace(url.protocol, scheme));
  return { url: target, headers: token === undefined ? {} : { Authorization: authorization(token) } };
}

/** `name:password` is sent as such; everything else is a token. */
function authorization(token: string): string {
  return token.includes(':') ? `Basic ${Buffer.from(token).toString('base64')}` : `Bearer ${token}`;
}

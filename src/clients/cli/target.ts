/** The hub that a command of the CLI talks to, and the credentials that it uses. */
export interface TargetOptions {
  /** `ws(s)://` or `http(s)://`, with or without path and `?token=`. */
  readonly url: string;
  readonly token?: string | undefined;
  /** Accept a certificate that no authority has signed, such as the one that a node makes for itself. */
  readonly insecure?: boolean | undefined;
}

export const DEFAULT_URL = 'ws://localhost:8800';

/** An error that the user of the CLI can correct. It is printed without a stack. */
export class UsageError extends Error {}

const UNTRUSTED: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

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

/** The URL of a socket. A path in the given URL is kept. A token in the given URL is moved into a header. */
export function socketTarget(
  options: TargetOptions,
  path: string,
): { url: URL; headers: Record<string, string> } {
  const { url, headers } = parse(options, WS);
  if (url.pathname === '/') url.pathname = path;
  return { url, headers };
}

/** The URL of an HTTP request to the same hub. The path of the given URL is replaced. */
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

/** `name:password` is sent as Basic credentials; every other text is sent as a Bearer token. */
function authorization(token: string): string {
  return token.includes(':') ? `Basic ${Buffer.from(token).toString('base64')}` : `Bearer ${token}`;
}

/**
 * The text of a refusal. Where the answer holds messages of the hub, they are the text, and each page that they name
 * becomes a URL of that hub.
 */
export function messageOf(body: string, hub: URL): string {
  try {
    const { Messages, message } = JSON.parse(body) as { Messages?: unknown; message?: unknown };
    const text = Array.isArray(Messages) ? Messages.join(' ') : message;
    if (typeof text === 'string')
      return text.replaceAll(/(?<=See )\/docs\/\S+/g, (path) => pageOf(path, hub));
  } catch {
    // The answer is not one of a hub, so it is shown as it is.
  }
  return body.slice(0, 500) || 'the answer was empty. Are the URL and the token right?';
}

function pageOf(path: string, hub: URL): string {
  return new URL(path, hub.href.replace(/^ws/, 'http')).href;
}

/** Whether the certificate is the cause of the error. Another attempt would fail in the same way. */
export function isUntrusted(error: Error): boolean {
  return 'code' in error && UNTRUSTED.has(String(error.code));
}

export function unreachable(url: URL, cause: Error): UsageError {
  const hint = isUntrusted(cause) ? ' Expected a trusted certificate, or --insecure.' : '';
  return new UsageError(`The hub at ${url.host} cannot be reached: ${cause.message}.${hint}`, { cause });
}

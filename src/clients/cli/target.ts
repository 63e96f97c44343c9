import { contextNamed, currentName, readContexts, type Context } from './contexts.ts';
import { UsageError } from './errors.ts';
import { TokenCommand } from './token-command.ts';

/** How the options of a command name the hub and the credentials. */
export interface TargetOptions {
  readonly context?: string | undefined;
  /** `ws(s)://` or `http(s)://`, with or without `?token=`. */
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  /** Accept a certificate that no authority has signed, such as the one that a node makes for itself. */
  readonly insecure?: boolean | undefined;
}

/** The hub that a command talks to, and the credentials that it uses. */
export interface Target {
  /** Its address by HTTP, which ends with a slash. */
  readonly base: URL;
  readonly token: string | TokenCommand | undefined;
  readonly insecure: boolean;
  /** The name of the context, if the hub was found by one. */
  readonly context: string | undefined;
}

export const DEFAULT_URL = 'ws://localhost:8800';
const SCHEMES = /^(?:ws|http)(s?):$/;

/**
 * The options name the hub, or else the variables BELFRY_CONTEXT, BELFRY_URL and BELFRY_TOKEN, or else the context that is
 * selected. @throws UsageError
 */
export function targetOf(options: TargetOptions): Target {
  const { BELFRY_CONTEXT: contextSet, BELFRY_URL: urlSet, BELFRY_TOKEN: tokenSet } = process.env;
  if (options.context !== undefined && options.url !== undefined)
    throw new UsageError('Two hubs are named. Expected either --context or --url.');
  const { url } = options;
  if (url !== undefined) return byUrl(url, tokenSet, options);
  const named = options.context ?? (contextSet || undefined);
  if (named !== undefined) return byContext(named, contextNamed(named), options);
  if (urlSet || tokenSet) return byUrl(urlSet || DEFAULT_URL, tokenSet, options);
  const known = readContexts();
  const current = currentName(known);
  if (current !== undefined) return byContext(current, contextNamed(current, known), options);
  return byUrl(DEFAULT_URL, undefined, options);
}

function byUrl(url: string, tokenSet: string | undefined, { token, insecure }: TargetOptions): Target {
  const { base, token: inUrl } = parse(url);
  return {
    base,
    token: token ?? inUrl ?? (tokenSet || undefined),
    insecure: insecure === true,
    context: undefined,
  };
}

function byContext(name: string, context: Context, { token, insecure }: TargetOptions): Target {
  const { base, token: inUrl } = parse(context.url);
  const { tokenCommand } = context;
  const own = tokenCommand === undefined ? (context.token ?? inUrl) : new TokenCommand(tokenCommand);
  return { base, token: token ?? own, insecure: insecure ?? context.insecure === true, context: name };
}

/** The address of a hub as `http(s)://`, and the token that was written into it. @throws UsageError */
function parse(written: string): { readonly base: URL; readonly token: string | undefined } {
  const given = written.includes('://') ? written : `ws://${written}`;
  if (!URL.canParse(given))
    throw new UsageError(`"${written}" is no URL. Expected for example ${DEFAULT_URL}.`);
  const { protocol, host, pathname, searchParams } = new URL(given);
  const tls = SCHEMES.exec(protocol)?.[1];
  if (tls === undefined)
    throw new UsageError(`The hub cannot be reached by ${protocol}// . Expected ws, wss, http or https.`);
  const path = pathname.replace(/\/(?:native\/ws)?\/*$/, '');
  return { base: new URL(`http${tls}://${host}${path}/`), token: searchParams.get('token') ?? undefined };
}

/** The address of a hub as it is kept in a context. @throws UsageError */
export function checkedUrl(written: string): string {
  const { base, token } = parse(written);
  if (token === undefined) return base.href;
  throw new UsageError('The URL holds a token. Expected it with --token, or --token - to read it.');
}

/** `name:password` is sent as Basic credentials; every other text is a token. */
export function isPassword(token: Target['token']): token is string {
  return typeof token === 'string' && token.includes(':');
}

/** The header that carries the credentials. */
export async function authorization(token: Target['token']): Promise<Record<string, string>> {
  if (token === undefined) return {};
  return typeof token === 'string' ? headerOf(token) : { Authorization: `Bearer ${await token.get()}` };
}

/** The header that carries a token, or `name:password`. */
export function headerOf(token: string): Record<string, string> {
  const isBasic: boolean = isPassword(token);
  return { Authorization: isBasic ? `Basic ${Buffer.from(token).toString('base64')}` : `Bearer ${token}` };
}

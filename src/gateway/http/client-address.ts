import ipaddr from 'ipaddr.js';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP, isIPv4, type Socket } from 'node:net';
import { bound } from '../../model/bound.ts';

const MAX_LIST = bound(
  'proxies that a header names',
  4_096,
  'characters',
  'only the last characters are read',
);
const MAX_HOP = bound('one proxy that Forwarded names', 512, 'characters', 'the proxy counts as unknown');

/** One name with its value, which is a token or a quoted text (RFC 7239, 4). */
const PAIR = /([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^\s;,"]+))/g;
/** An address that may have a port. An IPv6 address with a port is in brackets; one without a port may lack them. */
const NODE = /^(?:\[([^\]]+)\]|([\d.]+))(?::[\w.-]+)?$/;

/** What a request says of the client's address. */
interface Addressed {
  readonly headers: Partial<Pick<IncomingHttpHeaders, 'x-forwarded-for' | 'forwarded'>>;
  readonly socket: Pick<Socket, 'remoteAddress' | 'remotePort'>;
}

/**
 * The address `ip:port` of the client, with an IPv6 address in brackets. If the node has `trustedHops` proxies in
 * front of it, the address is the one that the outermost of them wrote into `X-Forwarded-For` or `Forwarded`. Anybody
 * may have written the entries before that one. If both headers are there and disagree, one of them does not come from
 * the proxy, so neither is believed. The port is always the port of the connection itself, so that every connection
 * has an address of its own.
 */
export function addressOf({ headers, socket }: Addressed, trustedHops: number): string {
  const { remoteAddress = 'unknown', remotePort = 0 } = socket;
  const own = plainIp(remoteAddress) ?? remoteAddress;
  const address = trustedHops > 0 ? (forwardedFor(headers, trustedHops) ?? own) : own;
  return address.includes(':') ? `[${address}]:${remotePort}` : `${address}:${remotePort}`;
}

function forwardedFor(headers: Addressed['headers'], hops: number): string | undefined {
  const { 'x-forwarded-for': listed, forwarded } = headers;
  const lists: (readonly string[])[] = [];
  if (listed !== undefined) lists.push(elementsOf(String(listed)));
  if (forwarded !== undefined) lists.push(elementsOf(forwarded).map(forOf));
  const [first, ...others] = lists.map((nodes) => ipOf(nodes.at(-hops) ?? ''));
  return others.every((ip) => ip === first) ? first : undefined;
}

/**
 * The elements of a list in an HTTP header. Commas in quotes do not separate elements, and empty elements do not
 * count.
 */
function elementsOf(header: string): string[] {
  // The nearest proxies wrote the last elements, and only these are believed.
  const elements = header.slice(-MAX_LIST).match(/(?:"(?:\\.|[^"\\])*"|[^,"])+/g) ?? [];
  return elements.map((element) => element.trim()).filter((element) => element !== '');
}

/** The `for` of a hop, or an empty text if the hop has none. */
function forOf(hop: string): string {
  if (hop.length > MAX_HOP) return '';
  for (const [, name = '', quoted, token = ''] of hop.matchAll(PAIR))
    if (name.toLowerCase() === 'for') return quoted?.replaceAll(/\\(.)/g, '$1') ?? token;
  return '';
}

/**
 * The address without its port, or `undefined` for `unknown`, for an obfuscated name and for everything else that is
 * no address.
 */
function ipOf(node: string): string | undefined {
  const [, bracketed, plain] = NODE.exec(node) ?? [];
  return plainIp(bracketed ?? plain ?? node);
}

/** A socket of IPv6 writes this before the address of a client that came by IPv4. */
const MAPPED = '::ffff:';

/**
 * The address in the one form that the hub uses: without a zone, IPv4 as such, and IPv6 in lower case and shortened.
 */
function plainIp(text: string): string | undefined {
  const [address = ''] = text.split('%');
  const unmapped = address.startsWith(MAPPED) ? address.slice(MAPPED.length) : address;
  if (isIPv4(unmapped)) return unmapped;
  return isIP(address) === 0 ? undefined : ipaddr.process(address).toString();
}

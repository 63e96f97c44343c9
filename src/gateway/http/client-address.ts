import ipaddr from 'ipaddr.js';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { bound } from '../../model/bound.ts';

const MAX_LIST = bound(
  'proxies that a header names',
  4_096,
  'characters',
  'what stands before its last so many is not read',
);
const MAX_HOP = bound('one proxy that Forwarded names', 512, 'characters', 'the proxy counts as unknown');

/** One name with its value, as a token or in quotes (RFC 7239, 4). */
const PAIR = /([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^\s;,"]+))/g;
/** An address that may have a port; IPv6 with one stands in brackets, and some leave those out where there is none. */
const NODE = /^(?:\[([^\]]+)\]|([\d.]+))(?::[\w.-]+)?$/;

/**
 * `ip:port` of the client, with an IPv6 address in brackets. Behind proxies of one's own, as many as `trustedHops`, the
 * address is what the outermost of them wrote into `X-Forwarded-For` or `Forwarded`; whatever stands before that anybody
 * may have written. Where both are there and disagree, one of them is not by the proxy, and neither is believed. The
 * port is always that of the connection itself, so that each has an address of its own.
 */
export function addressOf({ headers, socket }: IncomingMessage, trustedHops: number): string {
  const { remoteAddress = 'unknown', remotePort = 0 } = socket;
  const own = plainIp(remoteAddress) ?? remoteAddress;
  const address = trustedHops > 0 ? (forwardedFor(headers, trustedHops) ?? own) : own;
  return address.includes(':') ? `[${address}]:${remotePort}` : `${address}:${remotePort}`;
}

function forwardedFor(headers: IncomingMessage['headers'], hops: number): string | undefined {
  const { 'x-forwarded-for': listed, forwarded } = headers;
  const lists: (readonly string[])[] = [];
  if (listed !== undefined) lists.push(elementsOf(String(listed)));
  if (forwarded !== undefined) lists.push(elementsOf(forwarded).map(forOf));
  const [first, ...others] = lists.map((nodes) => ipOf(nodes.at(-hops) ?? ''));
  return others.every((ip) => ip === first) ? first : undefined;
}

/** A list as HTTP has it: commas in quotes part nothing, and what is empty counts for nothing. */
function elementsOf(header: string): string[] {
  // The nearest proxies are the last ones, and only they are believed.
  const elements = header.slice(-MAX_LIST).match(/(?:"(?:\\.|[^"\\])*"|[^,"])+/g) ?? [];
  return elements.map((element) => element.trim()).filter((element) => element !== '');
}

/** The `for` of a hop, empty where it has none. */
function forOf(hop: string): string {
  if (hop.length > MAX_HOP) return '';
  for (const [, name = '', quoted, token = ''] of hop.matchAll(PAIR))
    if (name.toLowerCase() === 'for') return quoted?.replaceAll(/\\(.)/g, '$1') ?? token;
  return '';
}

/** The address without its port; `undefined` for `unknown`, a name that hides one, and whatever else is none. */
function ipOf(node: string): string | undefined {
  const [, bracketed, plain] = NODE.exec(node) ?? [];
  return plainIp(bracketed ?? plain ?? node);
}

/** In the one format that it has here: without zone, IPv4 as such, IPv6 in lower case and as short as it can be. */
function plainIp(text: string): string | undefined {
  const [address = ''] = text.split('%');
  return isIP(address) === 0 ? undefined : ipaddr.process(address).toString();
}

import ipaddr from 'ipaddr.js';
import { isIP } from 'node:net';

/** Matches `10.0.0.1:80`, `[::1]:80`, or an address without a port. */
const WRITTEN = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/;

/** The beginning of what is not an address; it sorts after every address. */
const NO_ADDRESS = 'z';

/** The last address that was written, since a client that comes is counted and entered by the same one. */
let lastText = '';
let lastSortable = NO_ADDRESS;

/**
 * Writes an address so that the order of the texts is the order of the addresses: the IP address as 32 hexadecimal
 * digits (IPv4 as mapped into IPv6), and the port as four. A text that is not an address sorts after all addresses.
 * The result holds neither spaces nor colons.
 */
export function sortableAddress(text: string): string {
  if (text !== lastText) {
    lastSortable = parseAddress(text) ?? NO_ADDRESS + Buffer.from(text).toString('hex');
    lastText = text;
  }
  return lastSortable;
}

/** The part of a {@link sortableAddress} that all ports of an IP address share. */
export function sortableIp(sortable: string): string {
  return sortable.slice(0, -4);
}

const IPV4 = `${'0'.repeat(20)}ffff`;

/**
 * The network that one client can hardly leave: an IPv4 address, or the 64-bit prefix that an IPv6 host is given for
 * itself.
 */
export function networkOf(text: string): string {
  const ip = sortableIp(sortableAddress(text));
  return ip.startsWith(NO_ADDRESS) || ip.startsWith(IPV4) ? ip : ip.slice(0, 16);
}

export function isAddress(text: string): boolean {
  return parseAddress(text) !== undefined;
}

function parseAddress(text: string): string | undefined {
  const match = WRITTEN.exec(text);
  const ip = match?.[1] ?? match?.[2] ?? text;
  const port = Number(match?.[3] ?? 0);
  // A zone has a meaning on one machine only.
  if (isIP(ip) === 0 || ip.includes('%') || port > 65_535) return undefined;
  const digits = ip.includes(':') ? v6Digits(ip) : IPV4 + v4Digits(ip);
  return digits + port.toString(16).padStart(4, '0');
}

function v4Digits(ip: string): string {
  let number = 0;
  for (const byte of ip.split('.')) number = number * 256 + Number(byte);
  return number.toString(16).padStart(8, '0');
}

function v6Digits(ip: string): string {
  return Buffer.from(ipaddr.IPv6.parse(ip).toByteArray()).toString('hex');
}

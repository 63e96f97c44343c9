import { isIP } from 'node:net';

/** `10.0.0.1:80`, `[::1]:80`, or an address without a port. */
const WRITTEN = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/;

/** Sorts behind every address. */
const NO_ADDRESS = 'z';

/**
 * An address in a format whose order is that of the addresses: the IP address as 32 hexadecimal digits, IPv4 as IPv6
 * has it, and four of the port. What is no address comes after all that are. Holds neither spaces nor colons.
 */
export function sortableAddress(text: string): string {
  return parseAddress(text) ?? NO_ADDRESS + Buffer.from(text).toString('hex');
}

/** The part of a {@link sortableAddress} that all ports of an IP address share. */
export function sortableIp(sortable: string): string {
  return sortable.slice(0, -4);
}

const IPV4 = `${'0'.repeat(20)}ffff`;

/** What one client can hardly leave: an IPv4 address, or the 64 bits that a host of IPv6 is given for itself. */
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
  const version = isIP(ip);
  // A zone means something on one machine only.
  if (version === 0 || ip.includes('%') || port > 65_535) return undefined;
  return (version === 4 ? IPV4 + v4Digits(ip) : v6Digits(ip)) + port.toString(16).padStart(4, '0');
}

function v6Digits(ip: string): string {
  const [front = '', back] = withoutDots(ip).split('::');
  const head = groups(front);
  const tail = groups(back ?? '');
  const between = Array.from({ length: 8 - head.length - tail.length }, () => '0000');
  return [...head, ...between, ...tail].join('');
}

/** `::ffff:10.0.0.1` as `::ffff:0a00:0001`. */
function withoutDots(ip: string): string {
  return ip.replace(/[\d.]+\.\d+$/, (v4) => v4Digits(v4).replace(/^.{4}/, '$&:'));
}

function v4Digits(ip: string): string {
  return ip
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('');
}

function groups(text: string): string[] {
  return text === '' ? [] : text.split(':').map((group) => group.toLowerCase().padStart(4, '0'));
}

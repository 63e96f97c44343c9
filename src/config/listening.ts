import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { availableParallelism, hostname } from 'node:os';
import { z } from 'zod';
import type { Dialect } from '../dialects/dialect.ts';
import { parseRedisUrl } from '../model/redis-url.ts';
import {
  accepted,
  count,
  hasTwice,
  list,
  matching,
  MAX_MS,
  onOrOff,
  origin,
  pem,
  text,
  whole,
  type ReadText,
} from './forms.ts';

/** A listener with this name in place of a dialect serves only metrics and health. */
const METRICS = 'metrics';
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const ENDPOINT = /^(?:(\[[\da-f:.%]+\]|[^\s:=[\]]+):)?(\d{1,5})=([a-z]+)(\+tls)?$/i;
const ENDPOINT_FORM = '[host:]port=dialect[+tls], as in 8800=norn or 127.0.0.1:8092=drp+tls';

const WORKERS_MAX = 64;

/** One socket that the node listens on, and the dialect that its path `/ws` speaks. */
export type Endpoint = { host?: string; port: number; dialect: string; tls: boolean };

const endpoint = (served: readonly string[]) =>
  text().transform((written, ctx): Endpoint => {
    const [, host, port = '', dialect = '', tls] = ENDPOINT.exec(written) ?? [];
    if (served.includes(dialect) && Number(port) <= 65_535) {
      const bare = host?.replace(/^\[|\]$/g, '');
      return {
        ...(bare !== undefined && { host: bare }),
        port: Number(port),
        dialect,
        tls: tls !== undefined,
      };
    }
    const error = `"${written}" is not a listener. Expected ${ENDPOINT_FORM}; dialects are ${served.join(', ')}`;
    ctx.addIssue({ code: 'custom', message: error });
    return z.NEVER;
  });

/**
 * The listeners that the dialects bring. Somebody who tries the hub opens the first of them, so the listeners that ask
 * for no token come first, and those with a certificate that no browser knows come last.
 */
function defaultListeners(dialects: readonly Dialect[]): string {
  return dialects
    .flatMap(({ name, listener, isAnonymous = false }) =>
      listener ? [{ ...listener, name, isAnonymous }] : [],
    )
    .toSorted((one, other) => hurdles(one) - hurdles(other))
    .map(({ port, name, tls }) => `${port}=${name}${tls ? '+tls' : ''}`)
    .join(',');
}

function hurdles({ tls, isAnonymous }: { readonly tls: boolean; readonly isAnonymous: boolean }): number {
  return Number(!isAnonymous) + Number(tls);
}

/** The settings about where a node listens and what it connects to: its name, Redis, TLS, proxies and logs. */
export const listeningSettings = (readFile: ReadText, dialects: readonly Dialect[]) => ({
  listen: list(endpoint([...namesOf(dialects), METRICS]))
    .refine((endpoints) => endpoints.length > 0, { error: `is empty. Expected ${ENDPOINT_FORM}` })
    .refine((endpoints) => !hasTwice(endpoints.map(({ port }) => port).filter((port) => port !== 0)), {
      error: 'holds a port twice. Expected each port once, or 0',
    })
    .prefault(defaultListeners(dialects))
    .describe(
      `Where to listen, comma-separated: ${ENDPOINT_FORM}. Port 0 takes a free one. A port=metrics serves /metrics, which the other listeners then do not.`,
    ),
  dialects: list(z.enum(namesOf(dialects), { error: `is no dialect. ${someOf(dialects)}` }))
    .refine((names) => names.length > 0, { error: `is empty. ${someOf(dialects)}` })
    .prefault(namesOf(dialects).join(','))
    .describe('Dialects, comma-separated, that are served; the paths of the others answer 404.'),
  redisUrl: accepted(parseRedisUrl)
    .exactOptional()
    .describe(
      'The Redis that the nodes share: redis://, redis+sentinel:// or redis+cluster://, and rediss for TLS. ' +
        'Without it the node runs alone.',
    ),
  prefix: matching(/^[^\s{}:]{1,50}$/, '1 to 50 characters without space, colon or brace')
    .default('belfry')
    .describe('The name of every Redis key and channel begins with this prefix.'),
  node: matching(/^[\w.-]{1,100}$/, '1 to 100 letters, digits, dots, hyphens or underscores')
    .default(nodeName)
    .describe(
      'Name of this node, different from that of every other node. It is made of the host name when absent.',
    ),
  workers: workers()
    .default(1)
    .describe(
      'How many processes serve the listeners, or auto for as many as there are cores. Each is a node of its own, named <BELFRY_NODE>-<number>, and limits count for each. More than 1 needs BELFRY_REDIS_URL.',
    ),
  reusePort: onOrOff()
    .default('off')
    .describe(
      'Whether other processes of the same user may open the same ports. The operating system then divides new connections between them. Needs BELFRY_REDIS_URL, Node 22.12 or 23.1, and Linux or a BSD.',
    ),
  tlsCert: pem(readFile, 'a certificate', (given) => new X509Certificate(given))
    .exactOptional()
    .describe(
      'Certificate (with its chain) of TLS listeners: PEM, or the path of a PEM file. Made when absent.',
    ),
  tlsKey: pem(readFile, 'a private key without passphrase', createPrivateKey)
    .exactOptional()
    .describe('Private key of the certificate: PEM, or the path of a PEM file.'),
  logLevel: z
    .enum(LOG_LEVELS, { error: `is not a level. Expected one of ${LOG_LEVELS.join(', ')}` })
    .default('info')
    .describe(`The lowest level that is logged: ${LOG_LEVELS.join(', ')}.`),
  trustedHops: whole(0, 10, 0).describe(
    'How many proxies of your own stand before this node. It trusts the header X-Forwarded-For or Forwarded of that many; with 0 it trusts nobody.',
  ),
  allowedOrigins: list(origin())
    .default([])
    .describe(
      'Origins, comma-separated. Only their pages may talk to the hub, also with cookies and passwords of the browser. When empty, every page may talk to the hub with a token of its own.',
    ),
  console: onOrOff().default('on').describe('Whether this node serves the console, at /console.'),
  mcp: onOrOff().default('on').describe('Whether this node serves agents, at /mcp.'),
  keepAliveMs: whole(1_000, MAX_MS, 75_000).describe(
    'How long an HTTP connection is kept between two requests: longer than the balancer before this node keeps it.',
  ),
  drainWindowMs: whole(0, MAX_MS, 5_000).describe(
    'The time over which a node that SIGTERM or SIGHUP stops spreads the closing of its connections.',
  ),
  drainTimeoutMs: whole(0, MAX_MS, 10_000).describe(
    'How long a stopping node then waits for connections that have not closed yet.',
  ),
});

/** Older versions of Node leave the option out, so the second process would only learn that its port is taken. */
export function canReusePort(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}

function workers() {
  return z.preprocess(
    (given) => (given === 'auto' ? Math.min(availableParallelism(), WORKERS_MAX) : given),
    count(1, WORKERS_MAX, ', or auto'),
  );
}

function namesOf(dialects: readonly Dialect[]): string[] {
  return dialects.map(({ name }) => name);
}

function someOf(dialects: readonly Dialect[]): string {
  return `Expected some of ${namesOf(dialects).join(', ')}`;
}

function nodeName(): string {
  const host = hostname().replaceAll(/[^\w.-]/g, '-');
  return `${host.slice(0, 80)}-${randomBytes(3).toString('hex')}`;
}

import { createPrivateKey, createPublicKey, randomBytes, X509Certificate } from 'node:crypto';
import { hostname } from 'node:os';
import { z } from 'zod';
import {
  accepted,
  count,
  hasTwice,
  list,
  matching,
  named,
  pem,
  record,
  rows,
  share,
  structure,
  text,
  url,
  whole,
  type ReadText,
} from './config-forms.ts';
import { redactionRule } from './config-redaction.ts';
import { retentionRule } from './config-retention.ts';
import { ADMIN } from './model/principal.ts';
import { algorithmsOf } from './model/signature.ts';
import { isPasswordHash } from './model/password.ts';
import { Pattern } from './model/pattern.ts';
import { parseRedisUrl } from './model/redis-url.ts';

const DIALECTS = ['native', 'drp', 'norn', 'mist', 'provisioning', 'dorgu'] as const;
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const ENDPOINT = /^(?:(\[[\da-f:.%]+\]|[^\s:=[\]]+):)?(\d{1,5})=([a-z]+)(\+tls)?$/i;
const ENDPOINT_FORM = '[host:]port=dialect[+tls], as in 8800=norn or 127.0.0.1:8092=drp+tls';

const KIB = 1_024;
const MIB = 1_024 * KIB;
const DAY_MS = 24 * 60 * 60_000;
/** Node's timers hold no more. */
const MAX_MS = 2 ** 31 - 1;

/** One socket that the node listens on, and the dialect that its bare `/ws` speaks. */
export type Endpoint = { host?: string; port: number; dialect: (typeof DIALECTS)[number]; tls: boolean };

const texts = rows(text());
const patterns = rows(
  text().refine(isPattern, {
    error: 'is no pattern. Expected type.action.key, each part * or a comma list',
  }),
);

const user = record({
  name: matching(/^[^:\p{Cc}]{1,255}$/u, '1 to 255 characters without colon'),
  password: text().refine(isPasswordHash, {
    error: 'is no usable hash. Expected what "belfry hash" prints: scrypt:<N>:<r>:<p>:<salt>:<hash>',
  }),
  roles: texts.exactOptional(),
  subscribe: patterns.exactOptional(),
  publish: patterns.exactOptional(),
});

const role = record({ subscribe: patterns.default([]), publish: patterns.default([]) });

const endpoint = text().transform((written, ctx): Endpoint => {
  const [, host, port = '', dialect, tls] = ENDPOINT.exec(written) ?? [];
  const known = DIALECTS.find((name) => name === dialect);
  if (known !== undefined && Number(port) <= 65_535) {
    const bare = host?.replace(/^\[|\]$/g, '');
    return {
      ...(bare !== undefined && { host: bare }),
      port: Number(port),
      dialect: known,
      tls: tls !== undefined,
    };
  }
  const error = `"${written}" is no listener. Expected ${ENDPOINT_FORM}; dialects are ${DIALECTS.join(', ')}`;
  ctx.addIssue({ code: 'custom', message: error });
  return z.NEVER;
});

/**
 * Every setting: form, default and meaning. Each may be absent. No message repeats a value that could be a secret.
 * Their order is the order in which they are shown. Long, as it is a table.
 */
export function settingsSchema(readFile: ReadText) {
  return z.strictObject({
    listen: list(endpoint)
      .refine((endpoints) => endpoints.length > 0, { error: `is empty. Expected ${ENDPOINT_FORM}` })
      .refine((endpoints) => !hasTwice(endpoints.map(({ port }) => port).filter((port) => port !== 0)), {
        error: 'holds a port twice. Expected each port once, or 0',
      })
      .prefault('8800=norn,8080=dorgu,9090=provisioning,8092=drp+tls')
      .describe(`Where to listen, comma-separated: ${ENDPOINT_FORM}. Port 0 takes a free one.`),
    redisUrl: accepted(parseRedisUrl)
      .exactOptional()
      .describe(
        'The Redis that the nodes share: redis://, redis+sentinel:// or redis+cluster://, and rediss for TLS. ' +
          'Without it the node stands alone.',
      ),
    prefix: matching(/^[^\s{}:]{1,50}$/, '1 to 50 characters without space, colon or brace')
      .default('belfry')
      .describe('Begins the name of every Redis key and channel.'),
    node: matching(/^[\w.-]{1,100}$/, '1 to 100 letters, digits, dots, hyphens or underscores')
      .default(nodeName)
      .describe('Name of this node, unlike that of any other. Made of the host name when absent.'),
    jwtSecret: text()
      .refine((secret) => Buffer.byteLength(secret) >= 16, {
        error: 'is too short. Expected at least 16 bytes',
      })
      .exactOptional()
      .describe('Secret by which tokens are checked (HS256, HS384, HS512) and made (HS256).'),
    jwtPublicKey: pem(
      readFile,
      'a public key (RSA of 2,048 bits or more, EC P-256/384/521, or Ed25519)',
      isPublicKey,
    )
      .exactOptional()
      .describe('Public key by which tokens are checked: PEM, or the path of a PEM file.'),
    jwksUrl: url(/^https?$/, 'a URL https:// or http:// without user and password')
      .refine((address) => new URL(address).username === '', {
        error: 'holds a user. Expected a URL without one',
      })
      .exactOptional()
      .describe('Where the issuer of tokens publishes its public keys (JWKS).'),
    jwtIssuer: text().exactOptional().describe('The claim iss that every token must carry.'),
    jwtAudience: text().exactOptional().describe('The claim aud that every token must carry.'),
    users: structure(rows(user))
      .refine((users) => !hasTwice(users.map(({ name }) => name)), {
        error: 'holds a name twice. Expected one entry a user',
      })
      .default([])
      .describe(
        'Users who come with a password: [{name, password: "scrypt:…", roles?, subscribe?, publish?}].',
      ),
    roles: structure(named(role))
      .refine((roles) => !Object.hasOwn(roles, ADMIN), {
        error: 'defines admin, which may everything anyway. Expected other names',
      })
      .default({})
      .describe(
        'What each role may: {role: {subscribe: [pattern], publish: [pattern]}}. "admin" may everything.',
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
      .enum(LOG_LEVELS, { error: `is no level. Expected one of ${LOG_LEVELS.join(', ')}` })
      .default('info')
      .describe(`The least that is logged: ${LOG_LEVELS.join(', ')}.`),
    eventMaxBytes: whole(KIB, 64 * MIB, MIB).describe('Largest event that is accepted, in bytes of JSON.'),
    inboundMaxBytes: whole(KIB, 64 * MIB, MIB).describe('Largest frame from a client, in bytes.'),
    queueMaxDeliveries: whole(1, 1_000_000, 256).describe(
      'Deliveries that wait for one slow connection at most.',
    ),
    queueMaxBytes: whole(KIB, 1_024 * MIB, MIB).describe('Bytes that wait for one slow connection at most.'),
    writeTimeoutMs: whole(100, MAX_MS, 10_000).describe('A socket that takes nothing for so long is cut.'),
    trustedHops: whole(0, 10, 0).describe(
      'Proxies of your own before this node, whose X-Forwarded-For it believes; 0 believes nobody.',
    ),
    connectionsMax: whole(1, 1_000_000, 20_000).describe('Connections that this node holds at most.'),
    connectionsPerPrincipal: count(1, 1_000_000)
      .exactOptional()
      .describe(
        'Connections of one principal in one dialect at most, on all nodes together; any number when absent.',
      ),
    connectionsPerAddress: count(1, 1_000_000)
      .exactOptional()
      .describe('Connections of one IP address at most, on all nodes together; any number when absent.'),
    presenceGraceMs: whole(0, DAY_MS, 10_000).describe(
      'How long a principal whose last connection has gone still counts as online.',
    ),
    topicsMax: whole(1, 100_000, 1_000).describe('Topics that one connection subscribes to at most.'),
    commandsPerSecond: whole(1, 1_000_000, 1_000).describe(
      'Commands that one connection sends in a second at most.',
    ),
    logMaxEvents: whole(1, 100_000_000, 100_000).describe('Events that the log keeps at most.'),
    logMaxAgeMs: whole(1_000, 365 * DAY_MS, DAY_MS).describe('How long the log keeps an event.'),
    retention: structure(rows(retentionRule))
      .default([])
      .describe(
        'What is kept beside the log, before the rules that are built in: [{pattern, last?, ttlMs?} or {pattern, latest: true}].',
      ),
    redaction: structure(rows(redactionRule))
      .default([])
      .describe(
        'What is masked in events, beside the usual names of secrets: [{fields: [name or path], events?: pattern, except?: [role]}].',
      ),
    redactionDefaults: z
      .enum(['on', 'off'], { error: 'is neither. Expected on or off' })
      .default('on')
      .describe('Whether the usual names of passwords, tokens, secrets and keys are masked for everybody.'),
    recentMaxEvents: whole(0, 1_000_000, 10_000).describe('Latest events that this node keeps in memory.'),
    drainWindowMs: whole(0, MAX_MS, 5_000).describe(
      'Over how long a node that SIGTERM or SIGHUP stops spreads the closing of its connections.',
    ),
    drainTimeoutMs: whole(0, MAX_MS, 10_000).describe(
      'How long a stopping node then waits for those that have yet to answer.',
    ),
    tokenTtlS: whole(1, 365 * 86_400, 3_600).describe(
      'Lifetime of a token made here, when the request names none.',
    ),
    allowedOrigins: list(text())
      .default([])
      .describe('Origins, comma-separated, whose pages may talk to the hub; every page when empty.'),
    cookie: text().default('mist_token').describe('Name of the cookie that carries a token to Mist sockets.'),
    otlpUrl: url(/^https?$/, 'a URL https:// or http:// without user and password')
      .refine((address) => new URL(address).username === '', {
        error: 'holds a user. Expected a URL without one',
      })
      .exactOptional()
      .describe(
        'The OpenTelemetry collector that takes traces by OTLP/HTTP, without /v1/traces. Without it nothing is traced.',
      ),
    traceRatio: share()
      .default(0)
      .describe('Of what is published without a trace, the share that gets one: 0 to 1.'),
    dorguInboundMaxBytes: whole(125, 64 * MIB, 512).describe(
      'Largest frame from a client of a Dorgu socket, in bytes: its document says 512, its real server takes 524288.',
    ),
    nornAllowedOrigins: list(text())
      .default([])
      .describe('Origins, comma-separated, whose pages may open Norn sockets beside localhost.'),
  });
}

export type Settings = z.infer<ReturnType<typeof settingsSchema>>;

/** A private key would do the same, and would lie on nodes that have no need of it. */
function isPublicKey(given: string): boolean {
  return !given.includes('PRIVATE KEY') && algorithmsOf(createPublicKey(given)).length > 0;
}

function isPattern(given: string): boolean {
  try {
    return Pattern.parse(given).size > 0;
  } catch {
    return false;
  }
}

function nodeName(): string {
  const host = hostname().replaceAll(/[^\w.-]/g, '-');
  return `${host.slice(0, 80)}-${randomBytes(3).toString('hex')}`;
}

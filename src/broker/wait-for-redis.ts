import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Logger } from 'pino';
import type { Clock } from '../model/clock.ts';
import { BelfryError } from '../model/errors.ts';
import { parseRedisUrl } from '../model/redis-url.ts';
import { bound } from '../model/bound.ts';

const ANSWER_WITHIN_MS = bound(
  'time for Redis to answer the greeting of a starting node',
  1_500,
  'ms',
  'that is logged, and Redis is asked again',
);
const AGAIN_AFTER_MS = 500;
/** An answer to AUTH and PING is short; what answers at length is not Redis. */
const MAX_ANSWER_BYTES = bound(
  'answer to the greeting',
  4_096,
  'bytes',
  'the server does not count as a Redis',
);
const MAX_REASON_CHARACTERS = bound(
  'text of an error of Redis that a node repeats',
  200,
  'characters',
  'it is cut after its last whole sentence, or else its last whole word',
);

const NO_PASSWORD = /^ERR.*AUTH/;

/** What the operator can do, by what Redis or the system said. The first pattern that matches counts. */
const ADVICE: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [
    /^DENIED/,
    'Redis is in protected mode: give it a password, or set "protected-mode no" in a network you trust.',
  ],
  [/^NOAUTH/, 'Redis wants a password. Expected one in BELFRY_REDIS_URL, as in redis://:password@host:6379.'],
  [
    /^WRONGPASS/,
    'User or password is wrong. Expected those of Redis in BELFRY_REDIS_URL, as in redis://user:password@host.',
  ],
  [NO_PASSWORD, 'Redis wants no password. Expected BELFRY_REDIS_URL without one.'],
  [
    /^NOPERM/,
    "The user of BELFRY_REDIS_URL lacks a right. The documentation says under how-to/redis-rights what the nodes' user needs.",
  ],
  [/ENOTFOUND|EAI_AGAIN/, 'There is no host with that name. Expected the host of Redis in BELFRY_REDIS_URL.'],
  [/ECONNREFUSED/, 'Nothing listens there. Expected the address of a running Redis in BELFRY_REDIS_URL.'],
  [
    /SSL|TLS|certificate/i,
    'The TLS handshake fails. Expected rediss:// where Redis speaks TLS, redis:// where it does not, and a trusted certificate.',
  ],
  [
    /^it answers/,
    'The server there is not a Redis, or it speaks TLS. Expected the port of a Redis in BELFRY_REDIS_URL, and rediss:// for TLS.',
  ],
];
const NOT_YET = 'Redis does not let this node in yet; trying again';
const TAKEN = 'Redis lets this node in, with a remark';
const UNKNOWN_ADVICE = 'Expected the address of a running Redis in BELFRY_REDIS_URL.';

export interface WaitForRedisOptions {
  readonly url: string;
  readonly log: Logger;
  readonly clock: Clock;
  /** For how long it tries. */
  readonly withinMs: number;
}

/**
 * Waits at the start of a node until a single Redis answers it, and logs once what Redis says instead. Sentinels and
 * Clusters are not asked here, but by the connections to them.
 * @throws BelfryError `unavailable`, with the last reason
 */
export async function waitForRedis({ url, log, clock, withinMs }: WaitForRedisOptions): Promise<void> {
  const address = parseRedisUrl(url);
  const [host] = address.hosts;
  if (address.kind !== 'single' || host === undefined) return;
  const redis = `${host.host}:${host.port}`;
  const until = clock.elapsed() + withinMs;
  for (let attempt = 0; ; attempt++) {
    const { isIn, said } = await ping(new URL(url));
    const [, advice = UNKNOWN_ADVICE] = ADVICE.find(([pattern]) => pattern.test(said)) ?? [];
    if (said !== '' && attempt === 0) log.warn({ redis, reason: said, advice }, isIn ? TAKEN : NOT_YET);
    if (isIn) return;
    if (clock.elapsed() >= until) {
      const tried = `Redis at ${redis} cannot be reached within ${withinMs} ms: ${said}.`;
      throw new BelfryError('unavailable', `${tried} ${advice}`);
    }
    await new Promise<void>((resolve) => void clock.after(AGAIN_AFTER_MS, resolve));
  }
}

interface PingOutcome {
  /** Whether Redis answers commands, or will do so as soon as it has loaded its data. */
  readonly isIn: boolean;
  /** The complaint of Redis or of the system, word for word; empty when there is none. */
  readonly said: string;
}

function ping(url: URL): Promise<PingOutcome> {
  const { promise, resolve } = Promise.withResolvers<PingOutcome>();
  const refused = (said: string): void => resolve({ isIn: false, said });
  const socket = dial(url);
  socket.setTimeout(ANSWER_WITHIN_MS, () =>
    refused(url.protocol === 'rediss:' ? 'no answer to TLS' : 'no answer'),
  );
  socket.on('error', ({ message }) => refused(message));
  socket.on('close', () => refused('it ends the connection'));
  const ready = url.protocol === 'rediss:' ? 'secureConnect' : 'connect';
  socket.on(ready, () => socket.write(`${authOf(url)}${command('PING')}`));
  let answer = '';
  socket.on('data', (data) => {
    answer += data.toString('latin1');
    const outcome = judge(answer);
    if (outcome !== undefined) resolve(outcome);
  });
  return promise.finally(() => socket.destroy());
}

function dial(url: URL): Socket {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? 6_379 : Number(url.port);
  if (url.protocol !== 'rediss:') return connectPlain({ host, port });
  // The connections that carry events check the certificate; this one sends no event.
  return connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }), rejectUnauthorized: false });
}

function authOf({ username, password }: URL): string {
  if (password === '') return '';
  const words = [username, password].map(decodeURIComponent).filter((word) => word !== '');
  return command('AUTH', ...words);
}

function command(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}

/** The outcome that an answer shows; `undefined` as long as it is incomplete. */
function judge(answer: string): PingOutcome | undefined {
  if (answer.length > MAX_ANSWER_BYTES || /^[^+-]/.test(answer)) {
    return { isIn: false, said: 'it answers, but not as Redis' };
  }
  const lines = answer.split('\r\n').slice(0, -1);
  const fault = lines.find((line) => line.startsWith('-'));
  const said = fault === undefined ? '' : reasonIn(fault.slice(1));
  // A Redis without a password refuses AUTH, but answers PING.
  if (lines.at(-1) === '+PONG') return { isIn: true, said };
  if (fault === undefined || (NO_PASSWORD.test(said) && lines.length === 1)) return undefined;
  return /^(LOADING|BUSY|MASTERDOWN)/.test(said) ? { isIn: true, said: '' } : { isIn: false, said };
}

/** The explanation of Redis without its full stop, or the beginning of a long one. */
function reasonIn(explanation: string): string {
  const text = explanation.slice(0, MAX_REASON_CHARACTERS);
  if (text === explanation) return text.replace(/[.?!]+$/, '');
  const end = text.lastIndexOf('. ');
  return end > 0 ? text.slice(0, end) : `${text.slice(0, text.lastIndexOf(' '))} …`;
}

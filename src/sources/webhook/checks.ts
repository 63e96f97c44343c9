/** How senders of webhooks prove who they are, and by what a repetition is known. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { Refusal } from './refusal.ts';

/** The headers of a delivery. A header that is given more than once has more than one value. */
export type Headers = Readonly<Record<string, readonly string[] | undefined>>;

export interface CheckOptions {
  /** One of them must fit. There are two while one replaces the other. */
  readonly secrets: readonly string[];
  /** How far the time of a delivery may be from now, in milliseconds, where the sender signs a time. */
  readonly toleranceMs: number;
  /** The header that holds the secret, for `token`. */
  readonly header: string;
}

/** What is left to check once the body is there. */
export interface Announced {
  /** Whether the signature is one of these bytes. */
  readonly fits: (body: Buffer) => boolean;
  /** The id of the delivery, by which a repetition is known. `undefined` if its sender gives none in the headers. */
  readonly id: string | undefined;
}

export interface Check {
  /** The topic of an event where the hook states none. */
  readonly topic: string;
  /** Where in the body the id of the delivery is, if it is in no header. */
  readonly idInBody?: string;
  /** Checks what can be checked before the body is read, so that a wrong delivery costs little. @throws Refusal */
  readonly announced: (headers: Headers, options: CheckOptions, now: number) => Announced;
}

const github: Check = {
  topic:
    "github.{{header.x-github-event}}.{{body.repository.full_name|body.organization.login|body.sender.login|'github'}}",
  announced(headers, { secrets }) {
    const [, hex = ''] = /^sha256=([0-9a-f]{64})$/i.exec(one(headers, 'x-hub-signature-256')) ?? refuse();
    return {
      fits: (body) => isAny(secrets, (secret) => hmac(secret, body), [Buffer.from(hex, 'hex')]),
      id: one(headers, 'x-github-delivery', 400),
    };
  },
};

const gitlab: Check = {
  topic:
    "gitlab.{{body.object_kind|body.event_name}}.{{body.project.path_with_namespace|body.group.full_path|'gitlab'}}",
  announced(headers, { secrets }) {
    checkToken(secrets, one(headers, 'x-gitlab-token'));
    return {
      fits: () => true,
      id: maybe(headers, 'idempotency-key') ?? maybe(headers, 'x-gitlab-webhook-uuid'),
    };
  },
};

const token: Check = {
  topic: "{{hook}}.{{body.type|'received'}}.{{body.id|hook}}",
  announced(headers, { secrets, header }) {
    // A token is also written as a bearer, since some senders can set no other header.
    checkToken(secrets, one(headers, header).replace(/^Bearer /i, ''));
    return { fits: () => true, id: maybe(headers, 'idempotency-key') ?? maybe(headers, 'webhook-id') };
  },
};

const SECRET_PREFIX = /^whsec_/;

/** https://github.com/standard-webhooks/standard-webhooks */
const standard: Check = {
  topic: "{{hook}}.{{body.type|'received'}}.{{body.data.id|body.key|header.webhook-id}}",
  announced(headers, { secrets, toleranceMs }, now) {
    const id = one(headers, 'webhook-id');
    const timestamp = one(headers, 'webhook-timestamp');
    checkTime(timestamp, toleranceMs, now);
    const given = one(headers, 'webhook-signature')
      .split(' ')
      .flatMap((part) => (part.startsWith('v1,') ? [Buffer.from(part.slice(3), 'base64')] : []));
    if (given.length === 0) refuse();
    return {
      fits(body) {
        const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
        return isAny(
          secrets,
          (secret) => hmac(Buffer.from(secret.replace(SECRET_PREFIX, ''), 'base64'), signed),
          given,
        );
      },
      id,
    };
  },
};

/** https://docs.stripe.com/webhooks#verify-manually */
const stripe: Check = {
  topic: 'stripe.{{body.type}}.{{body.data.object.id|body.id}}',
  idInBody: 'id',
  announced(headers, { secrets, toleranceMs }, now) {
    const parts = one(headers, 'stripe-signature')
      .split(',')
      .map((part) => part.trim().split('='));
    const times = parts.filter(([name]) => name === 't');
    const [, timestamp = ''] = times.length === 1 ? (times[0] ?? []) : refuse();
    checkTime(timestamp, toleranceMs, now);
    const given = parts.flatMap(([name, hex = '']) =>
      name === 'v1' && /^[0-9a-f]{64}$/i.test(hex) ? [Buffer.from(hex, 'hex')] : [],
    );
    if (given.length === 0) refuse();
    return {
      fits(body) {
        const signed = Buffer.concat([Buffer.from(`${timestamp}.`), body]);
        return isAny(secrets, (secret) => hmac(secret, signed), given);
      },
      id: undefined,
    };
  },
};

/** The checks by their names in the settings of a hook. */
export const CHECKS = { standard, github, stripe, gitlab, token } as const satisfies Record<string, Check>;
export type CheckName = keyof typeof CHECKS;

/** The only value of a header. @throws Refusal */
function one(headers: Headers, name: string, status = 401): string {
  const value = maybe(headers, name);
  if (value !== undefined && value !== '') return value;
  throw new Refusal(status, `The header ${name} is missing.`);
}

/** @throws Refusal where a header is given twice, since whoever reads the other one would decide otherwise */
function maybe(headers: Headers, name: string): string | undefined {
  const { [name]: values = [] } = headers;
  if (values.length > 1)
    throw new Refusal(400, `The header ${name} is given ${values.length} times. Expected it once.`);
  return values[0];
}

function checkTime(timestamp: string, toleranceMs: number, now: number): void {
  if (!/^\d{1,12}$/.test(timestamp)) refuse();
  if (Math.abs(now - Number(timestamp) * 1_000) <= toleranceMs) return;
  throw new Refusal(
    401,
    `The delivery was signed at another time than now. Expected it within ${toleranceMs / 1_000} s; a replay is refused, and so is a clock that is wrong.`,
  );
}

function checkToken(secrets: readonly string[], given: string): void {
  if (!isAny(secrets, digest, [digest(given)])) refuse();
}

/** Whether any secret makes any of the given values. It takes as long whichever it is. */
function isAny(
  secrets: readonly string[],
  make: (secret: string) => Buffer,
  given: readonly Buffer[],
): boolean {
  let found = false;
  for (const secret of secrets) {
    const made = make(secret);
    // Each of the given values has its own length, which says nothing of a secret.
    for (const each of given) if (each.length === made.length && timingSafeEqual(each, made)) found = true;
  }
  return found;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function hmac(key: string | Buffer, signed: Buffer): Buffer {
  return createHmac('sha256', key).update(signed).digest();
}

/** The sender learns nothing but that it is wrong. @throws Refusal */
export function refuse(): never {
  throw new Refusal(
    401,
    'The signature or the token is wrong. Expected one that the secret of this hook makes.',
  );
}

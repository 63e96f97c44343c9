import { z } from 'zod';
import { ProtocolError } from '../model/errors.ts';
import { parseJson, type Json } from '../model/json.ts';
import { momentOf } from '../model/time.ts';
import type { Revocable, Revocation } from './revocations.ts';
import { bound } from '../model/bound.ts';

/** By what an order names the connections that it concerns. */
export const TARGETS = ['id', 'address', 'principal', 'token', 'node'] as const;
export type Target = (typeof TARGETS)[number];

/** What every node carries out for its own connections. */
export type ControlCommand =
  | {
      readonly kind: 'close';
      readonly by: Target;
      readonly values: readonly string[];
      readonly reason?: string;
    }
  | ({ readonly kind: 'revoke' } & Revocation);

/**
 * How operators reach every node. An order is heard at most once and may be lost on the way, so whoever gives one looks
 * whether it was carried out; only revocations are kept, and reach every node in the end.
 */
export interface Control {
  /** `handle` is called for every command of anybody from now on, including those of this node. It must not throw. */
  start(handle: (command: ControlCommand) => void): Promise<void>;
  /** @throws BelfryError `unavailable`, or `limit_reached` for one revocation too many */
  send(command: ControlCommand): Promise<void>;
  /** Whether the token by which somebody is known counts no more. */
  isRevoked(identity: Revocable): boolean;
  stop(): Promise<void>;
}

/** Values that one order names at most. */
export const VALUES_MAX = bound(
  'values that one order on the control channel names',
  500,
  'entries',
  'the order is refused',
);

const VALUE_MAX = bound('one of those values', 300, 'characters', 'the order is refused');
const REASON_MAX = bound('reason that an order gives', 200, 'characters', 'the order is refused');

const value = z.string().min(1).max(VALUE_MAX);
const values = z.union([value.transform((one) => [one]), z.array(value).min(1).max(VALUES_MAX)]);
const reason = z.string().max(REASON_MAX).exactOptional();

const closing = z
  .strictObject({ close: z.partialRecord(z.enum(TARGETS), values), reason })
  .transform(({ close, reason: why }, ctx): ControlCommand => {
    const [first, ...others] = TARGETS.filter((by) => close[by] !== undefined);
    if (first !== undefined && others.length === 0) {
      return {
        kind: 'close',
        by: first,
        values: close[first] ?? [],
        ...(why !== undefined && { reason: why }),
      };
    }
    ctx.addIssue({ code: 'custom', message: 'not one target' });
    return z.NEVER;
  });

const YEAR_2000 = Date.UTC(2000);

const time = z.string().transform((text, ctx) => {
  const ms = momentOf(text);
  // A bare year would pass for a count of seconds, and end what it revokes in 1970.
  if (ms !== undefined && ms >= YEAR_2000) return ms;
  ctx.addIssue({ code: 'custom', message: 'no time' });
  return z.NEVER;
});
const name = z.string().regex(/^\P{Cc}{1,300}$/u);

/** By the id of a token or session, or all that a principal has signed in for by some time, which is that of the order. */
const revoking = z.union([
  z
    .strictObject({ revoke: name, until: time })
    .transform(({ revoke: id, until }): ControlCommand => ({ kind: 'revoke', id, until })),
  z
    .strictObject({ revoke: z.strictObject({ principal: name, before: time }), until: time })
    .transform(({ revoke, until }): ControlCommand => ({ kind: 'revoke', ...revoke, until })),
]);

/** What the channel takes. */
export const controlCommandSchema = z.union([closing, revoking]);

/** The order in a message of the channel. @throws ProtocolError `json_invalid` or `command_invalid` */
export function parseControlCommand(message: Buffer | string): ControlCommand {
  const { data } = controlCommandSchema.safeParse(parseJson(message));
  if (data !== undefined) return data;
  throw new ProtocolError(
    'command_invalid',
    `Not an order. Expected {"close": {"${TARGETS.join('" or "')}": "…"}, "reason"?: "…"} or {"revoke": "<id of a token or session>" or {"principal": "…", "before": "<RFC 3339>"}, "until": "<RFC 3339>"}.`,
  );
}

/** The same order as a message. */
export function controlCommandText(command: ControlCommand): string {
  if (command.kind === 'revoke')
    return JSON.stringify({ revoke: revokedBy(command), until: timeText(command.until) });
  return JSON.stringify({ close: { [command.by]: command.values }, reason: command.reason });
}

function revokedBy(revocation: Revocation): Json {
  if ('id' in revocation) return revocation.id;
  return { principal: revocation.principal, before: timeText(revocation.before) };
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

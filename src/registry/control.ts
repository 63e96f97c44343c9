import { z } from 'zod';
import { timeAt } from '../model/cursor.ts';
import { ProtocolError } from '../model/errors.ts';
import { parseJson, type Json } from '../model/json.ts';
import { momentOf } from '../model/time.ts';
import type { Revocable, Revocation } from './revocations.ts';
import { bound } from '../model/bound.ts';

/** The ways in which a control command can name connections. */
export const TARGETS = ['id', 'address', 'principal', 'token', 'node'] as const;
export type Target = (typeof TARGETS)[number];

/** A control command, which every node carries out for its own connections. */
export type ControlCommand =
  | {
      readonly kind: 'close';
      readonly by: Target;
      readonly values: readonly string[];
      readonly reason?: string;
    }
  | ({ readonly kind: 'revoke' } & Revocation);

/**
 * The seam by which operators reach every node. A command is delivered at most once and may be lost, so the caller
 * must check whether it was carried out. Only revocations are stored, and so reach every node in the end.
 */
export interface Control {
  /** From now on `handle` is called for every command, whoever sent it, this node included. It must not throw. */
  start(handle: (command: ControlCommand) => void): Promise<void>;
  /** @throws BelfryError `unavailable`, or `limit_reached` when there are too many revocations */
  send(command: ControlCommand): Promise<void>;
  /** Whether the token of this identity is revoked. */
  isRevoked(identity: Revocable): boolean;
  stop(): Promise<void>;
}

/** The highest number of values that one command may name. */
export const VALUES_MAX = bound(
  'values that one control command names',
  500,
  'entries',
  'the command is refused',
);

const VALUE_MAX = bound('one value of a control command', 300, 'characters', 'the command is refused');
const REASON_MAX = bound('reason that a control command gives', 200, 'characters', 'the command is refused');

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
  // A bare year would count as seconds since 1970, so that the revocation would be over at once.
  if (ms !== undefined && ms >= YEAR_2000) return ms;
  ctx.addIssue({ code: 'custom', message: 'no time' });
  return z.NEVER;
});
const name = z.string().regex(/^\P{Cc}{1,300}$/u);

/** Revokes a token or session by its id, or all tokens for which a principal signed in up to a time. */
const revoking = z.union([
  z
    .strictObject({ revoke: name, until: time })
    .transform(({ revoke: id, until }): ControlCommand => ({ kind: 'revoke', id, until })),
  z
    .strictObject({ revoke: z.strictObject({ principal: name, before: time }), until: time })
    .transform(({ revoke, until }): ControlCommand => ({ kind: 'revoke', ...revoke, until })),
]);

/** The form of a message on the control channel. */
export const controlCommandSchema = z.union([closing, revoking]);

/** Parses a message of the control channel. @throws ProtocolError `json_invalid` or `command_invalid` */
export function parseControlCommand(message: Buffer | string): ControlCommand {
  const { data } = controlCommandSchema.safeParse(parseJson(message));
  if (data !== undefined) return data;
  throw new ProtocolError(
    'command_invalid',
    `Not a control command. Expected {"close": {"${TARGETS.join('" or "')}": "…"}, "reason"?: "…"} or {"revoke": "<id of a token or session>" or {"principal": "…", "before": "<RFC 3339>"}, "until": "<RFC 3339>"}.`,
  );
}

/** Writes a command as a message. */
export function controlCommandText(command: ControlCommand): string {
  if (command.kind === 'revoke')
    return JSON.stringify({ revoke: revokedBy(command), until: timeAt(command.until) });
  return JSON.stringify({ close: { [command.by]: command.values }, reason: command.reason });
}

function revokedBy(revocation: Revocation): Json {
  if ('id' in revocation) return revocation.id;
  return { principal: revocation.principal, before: timeAt(revocation.before) };
}

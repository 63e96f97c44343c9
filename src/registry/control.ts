import { z } from 'zod';
import { ProtocolError } from '../model/errors.ts';
import { parseJson } from '../model/json.ts';
import { momentOf } from '../model/time.ts';

/** By what an order names the connections that it concerns. */
export const TARGETS = ['id', 'address', 'principal', 'token', 'node'] as const;
export type Target = (typeof TARGETS)[number];

/** What every node carries out for its own connections. */
export type Order =
  | {
      readonly kind: 'close';
      readonly by: Target;
      readonly values: readonly string[];
      readonly reason?: string;
    }
  /** No token of this id counts any more, up to a time in milliseconds since 1970. */
  | { readonly kind: 'revoke'; readonly tokenId: string; readonly until: number };

/**
 * How operators reach every node. An order is heard at most once and may be lost on the way, so whoever gives one looks
 * whether it was carried out; only revocations are kept, and reach every node in the end.
 */
export interface Control {
  /** `obey` is called for every order of anybody from now on, this node's own included. It must not throw. */
  start(obey: (order: Order) => void): Promise<void>;
  /** @throws BelfryError `unavailable` */
  send(order: Order): Promise<void>;
  isRevoked(tokenId: string): boolean;
  stop(): Promise<void>;
}

/** Values that one order names at most. */
export const VALUES_MAX = 500;

const value = z.string().min(1).max(300);
const values = z.union([value.transform((one) => [one]), z.array(value).min(1).max(VALUES_MAX)]);
const reason = z.string().max(200).exactOptional();

const closing = z
  .strictObject({ close: z.partialRecord(z.enum(TARGETS), values), reason })
  .transform(({ close, reason: why }, ctx): Order => {
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

const revoking = z
  .strictObject({ revoke: value, until: z.string().refine((text) => momentOf(text) !== undefined) })
  .transform(({ revoke, until }): Order => ({
    kind: 'revoke',
    tokenId: revoke,
    until: momentOf(until) ?? 0,
  }));

/** What the channel takes. */
export const orderSchema = z.union([closing, revoking]);

/** The order in a message of the channel. @throws ProtocolError `json_invalid` or `command_invalid` */
export function parseOrder(message: Buffer | string): Order {
  const { data } = orderSchema.safeParse(parseJson(message));
  if (data !== undefined) return data;
  throw new ProtocolError(
    'command_invalid',
    `Not an order. Expected {"close": {"${TARGETS.join('" or "')}": "…"}, "reason"?: "…"} or {"revoke": "<token id>", "until": "<RFC 3339>"}.`,
  );
}

/** The same order as a message. */
export function orderText(order: Order): string {
  if (order.kind === 'revoke')
    return JSON.stringify({ revoke: order.tokenId, until: new Date(order.until).toISOString() });
  return JSON.stringify({ close: { [order.by]: order.values }, reason: order.reason });
}

import { bound } from './bound.ts';

/**
 * How a client should reconnect. `spread`: the first time within two seconds, so that the clients of a node that goes do
 * not come together. `backoff`: after a random time that grows with each attempt. `later`: the same, and five seconds
 * more. `new token`: at once, with another token. `false`: not at all, since the hub would refuse in the same way.
 */
export type Retry = false | 'spread' | 'backoff' | 'later' | 'new token';

/** Every code with which the hub closes a connection: what it means, and how a client should reconnect. */
export const CLOSE = {
  normal: { code: 1000, reason: 'normal', retry: false },
  draining: { code: 1001, reason: 'the node is going away; reconnect', retry: 'spread' },
  /** `ws` sends this one, since it reads the frames. */
  protocol: { code: 1002, reason: 'not a WebSocket frame', retry: false },
  refused: { code: 1008, reason: 'refused by policy', retry: false },
  tooBig: { code: 1009, reason: 'message too big', retry: false },
  restart: { code: 1012, reason: 'the node restarts; reconnect', retry: 'spread' },
  tryLater: { code: 1013, reason: 'no room, or cut off from the log; try later', retry: 'later' },
  tokenExpired: { code: 4001, reason: 'token expired', retry: 'new token' },
  forbidden: { code: 4003, reason: 'forbidden', retry: false },
  tooSlow: { code: 4008, reason: 'too slow: the queue is full', retry: 'backoff' },
  byOperator: { code: 4009, reason: 'closed by an operator', retry: false },
  rateLimit: { code: 4029, reason: 'rate limit: too many commands', retry: 'later' },
} as const satisfies Record<string, Close>;

export interface Close {
  readonly code: number;
  /** At most 123 bytes of UTF-8, as RFC 6455 requires. */
  readonly reason: string;
  readonly retry: Retry;
}

/** The longest reason: a control frame holds 125 bytes, and two of them are the code. */
const REASON_MAX_BYTES = /* @__PURE__ */ bound('reason in a close frame', 123, 'bytes', 'it is cut there');

/** The same close with another reason, which is cut where it is too long. */
export function closeWith({ code, retry }: Close, reason: string): Close {
  let cut = reason.slice(0, REASON_MAX_BYTES);
  while (Buffer.byteLength(cut) > REASON_MAX_BYTES) cut = cut.slice(0, -1);
  return { code, reason: cut, retry };
}

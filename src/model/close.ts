import { bound } from './bound.ts';

/** Every code with which the hub closes a connection: what it means, and whether a client should reconnect. */
export const CLOSE = {
  normal: { code: 1000, reason: 'normal', retry: false },
  draining: { code: 1001, reason: 'the node is going away; reconnect', retry: true },
  /** `ws` sends this one, since it reads the frames. */
  protocol: { code: 1002, reason: 'not a WebSocket frame', retry: false },
  refused: { code: 1008, reason: 'refused by policy', retry: false },
  tooBig: { code: 1009, reason: 'message too big', retry: false },
  restart: { code: 1012, reason: 'the node restarts; reconnect', retry: true },
  tryLater: { code: 1013, reason: 'no room, or cut off from the log; try later', retry: true },
  tokenExpired: { code: 4001, reason: 'token expired', retry: true },
  forbidden: { code: 4003, reason: 'forbidden', retry: false },
  tooSlow: { code: 4008, reason: 'too slow: the queue is full', retry: true },
  byOperator: { code: 4009, reason: 'closed by an operator', retry: false },
  rateLimit: { code: 4029, reason: 'rate limit: too many commands', retry: true },
} as const satisfies Record<string, Close>;

export interface Close {
  readonly code: number;
  /** At most 123 bytes of UTF-8, as RFC 6455 requires. */
  readonly reason: string;
  /** Whether a client should reconnect, later and with new credentials where the code says so. */
  readonly retry: boolean;
}

/** The longest reason: a control frame holds 125 bytes, and two of them are the code. */
const REASON_MAX_BYTES = bound('reason in a close frame', 123, 'bytes', 'it is cut there');

/** The same close with another reason, which is cut where it is too long. */
export function closeWith({ code, retry }: Close, reason: string): Close {
  let cut = reason.slice(0, REASON_MAX_BYTES);
  while (Buffer.byteLength(cut) > REASON_MAX_BYTES) cut = cut.slice(0, -1);
  return { code, reason: cut, retry };
}

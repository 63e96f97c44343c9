import { bound } from './bound.ts';
import { RETRIES, type Retry } from './retries.ts';

/** Every code with which the hub closes a connection: what it means, and how a client should reconnect. */
export const CLOSE = {
  normal: close(1000, 'normal'),
  draining: close(1001, 'the node is going away; reconnect'),
  protocol: close(1002, 'not a WebSocket frame'),
  refused: close(1008, 'refused by policy'),
  tooBig: close(1009, 'message too big'),
  restart: close(1012, 'the node restarts; reconnect'),
  tryLater: close(1013, 'no room, or cut off from the log; try later'),
  tokenExpired: close(4001, 'token expired'),
  forbidden: close(4003, 'forbidden'),
  tooSlow: close(4008, 'too slow: the queue is full'),
  byOperator: close(4009, 'closed by an operator'),
  rateLimit: close(4029, 'rate limit: too many commands'),
} as const satisfies Readonly<Record<string, Close>>;

function close(code: keyof typeof RETRIES, reason: string): Close {
  return { code, reason, retry: RETRIES[code] };
}

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

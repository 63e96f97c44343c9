/**
 * How a client should reconnect. `spread`: the first time within two seconds, so that the clients of a node that goes do
 * not come together. `backoff`: after a random time that grows with each attempt. `later`: the same, and five seconds
 * more. `new token`: at once, with another token. `false`: not at all, since the hub would refuse in the same way.
 */
export type Retry = false | 'spread' | 'backoff' | 'later' | 'new token';

/**
 * How a client should reconnect after each close code of the hub. It stands apart from what the codes mean, since the hub
 * sends these sentences and a page need not load them.
 */
export const RETRIES = {
  1000: false,
  1001: 'spread',
  1002: false,
  1008: false,
  1009: false,
  1012: 'spread',
  1013: 'later',
  4001: 'new token',
  4003: false,
  4008: 'backoff',
  4009: false,
  4029: 'later',
} as const satisfies Readonly<Record<number, Retry>>;

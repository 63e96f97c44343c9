import { CLOSE } from '../../src/model/close-codes.ts';
import { cell } from './tables.ts';

/** For each close code, when a connection is closed with it and how the client should reconnect. */
const MORE: Readonly<Record<keyof typeof CLOSE, readonly [means: string, back: string]>> = {
  normal: ['one side ended the connection normally', 'no'],
  draining: ['the node is going away', 'yes: to another node'],
  protocol: ['the input is not a WebSocket frame', 'no'],
  refused: [
    'refused by policy: the credentials were not valid, or a subscription was refused and the dialect has no message for that',
    'no',
  ],
  tooBig: ['the client sent a frame that is too large', 'no'],
  restart: ['the node restarts', 'yes'],
  tryLater: [
    'no room, too many connections, no credentials in time, or cut off from the log; the reason says which',
    'later',
  ],
  tokenExpired: ['the token expired or was revoked', 'with a new token'],
  forbidden: ['the principal may not do this', 'no'],
  tooSlow: ['the client did not read what it was sent: see [slow clients](../how-to/slow-clients.md)', 'yes'],
  byOperator: ['an operator closed it', 'no'],
  rateLimit: ['the client sent too many commands in a second', 'later'],
};

/** Each close code, with the reason that is sent when the case has no reason of its own. */
export function closeCodesPart(): string {
  const rows = Object.entries(CLOSE).map(([name, { code, reason }]) => {
    const [means, back] = MORE[name as keyof typeof CLOSE];
    return `| <a id="${code}"></a>${code} | ${cell(means)} | ${cell(reason)} | ${cell(back)} |`;
  });
  return `| code | means | reason that is sent | reconnect |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

/** The close codes for which `MORE` and the hub disagree on whether the client may reconnect. */
export function disagreements(): string[] {
  return Object.entries(CLOSE)
    .filter(([name, { retry }]) => (retry !== false) === (MORE[name as keyof typeof CLOSE][1] === 'no'))
    .map(([name]) => name);
}

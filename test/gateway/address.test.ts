import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { addressOf } from '../../src/gateway/handshake.ts';
import { connect } from '../support/client.ts';
import { startNode } from '../support/node.ts';

function from(remoteAddress: string, forwarded?: string): IncomingMessage {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  return { headers, socket: { remoteAddress, remotePort: 4242 } } as unknown as IncomingMessage;
}

describe('the address of a client', () => {
  it.each([
    ['that of the socket', from('192.0.2.1'), 0, '192.0.2.1:4242'],
    ['IPv6 in brackets', from('2001:db8::1'), 0, '[2001:db8::1]:4242'],
    ['IPv4 as such, where the socket takes both', from('::ffff:192.0.2.1'), 0, '192.0.2.1:4242'],
    ['not what anybody claims', from('192.0.2.1', '198.51.100.7'), 0, '192.0.2.1:4242'],
    [
      'what the one trusted proxy wrote',
      from('10.0.0.1', '203.0.113.9, 198.51.100.7'),
      1,
      '198.51.100.7:4242',
    ],
    [
      'what the outermost of two wrote',
      from('10.0.0.1', '203.0.113.9, 198.51.100.7, 10.0.0.2'),
      2,
      '198.51.100.7:4242',
    ],
    [
      'that of the socket, where fewer proxies wrote than are trusted',
      from('10.0.0.1', '198.51.100.7'),
      2,
      '10.0.0.1:4242',
    ],
    ['that of the socket, where no address was written', from('10.0.0.1', 'unknown'), 1, '10.0.0.1:4242'],
  ])('is %s', (_fact, request, trustedHops, address) => {
    expect(addressOf(request, trustedHops)).toBe(address);
  });

  it('is by default what the socket says, whatever the header claims', async () => {
    const node = await startNode();
    await connect(`${node.url.replace('http', 'ws')}/native/ws`, {
      headers: { 'X-Forwarded-For': '198.51.100.7' },
    });
    expect([...node.hub.connections].map(({ remoteAddr }) => remoteAddr)).toEqual([
      expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    ]);
  });
});

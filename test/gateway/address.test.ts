import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { addressOf } from '../../src/gateway/http/client-address.ts';
import { connect } from '../support/client.ts';
import { startNode } from '../support/node.ts';

/** A request with these headers. Node joins the values of several lines into one. */
function from(remoteAddress: string, listed?: string, forwarded?: string): IncomingMessage {
  const headers = {
    ...(listed !== undefined && { 'x-forwarded-for': listed }),
    ...(forwarded !== undefined && { forwarded }),
  };
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
    ['that of the socket without its zone', from('fe80::1%eth0'), 0, '[fe80::1]:4242'],
    ['without the port that a proxy adds', from('10.0.0.1', '198.51.100.7:5123'), 1, '198.51.100.7:4242'],
    ['IPv6 out of brackets with a port', from('10.0.0.1', '[2001:DB8::0:1]:443'), 1, '[2001:db8::1]:4242'],
    ['IPv6 as it is', from('10.0.0.1', '2001:db8:0:0:0:0:0:1'), 1, '[2001:db8::1]:4242'],
    [
      'IPv4 as such, where the proxy takes both',
      from('10.0.0.1', '::ffff:c633:6407'),
      1,
      '198.51.100.7:4242',
    ],
    [
      'what counts, where elements are empty',
      from('10.0.0.1', ' , 198.51.100.7 ,, '),
      1,
      '198.51.100.7:4242',
    ],
    [
      'what Forwarded says',
      from('10.0.0.1', undefined, 'for=198.51.100.7;proto=http'),
      1,
      '198.51.100.7:4242',
    ],
    [
      'what Forwarded says in quotes, in any case and order',
      from('10.0.0.1', undefined, 'for=192.0.2.9, By="a,b;for=1.1.1.1" ; FOR = "[2001:db8:cafe::17]:47011"'),
      1,
      '[2001:db8:cafe::17]:4242',
    ],
    [
      'what the outermost of two wrote into Forwarded',
      from('10.0.0.1', undefined, 'for=203.0.113.9, for="198.51.100.7:80", for=10.0.0.2'),
      2,
      '198.51.100.7:4242',
    ],
    [
      'that of the socket for a name that hides it',
      from('10.0.0.1', undefined, 'for=_gazonk'),
      1,
      '10.0.0.1:4242',
    ],
    ['that of the socket for unknown', from('10.0.0.1', undefined, 'for=unknown'), 1, '10.0.0.1:4242'],
    [
      'that of the socket for a hop without it',
      from('10.0.0.1', undefined, 'proto=https'),
      1,
      '10.0.0.1:4242',
    ],
    [
      'what both headers say',
      from('10.0.0.1', '198.51.100.7', 'for="198.51.100.7:80"'),
      1,
      '198.51.100.7:4242',
    ],
    [
      'that of the socket where they disagree',
      from('10.0.0.1', '1.1.1.1', 'for=2.2.2.2'),
      1,
      '10.0.0.1:4242',
    ],
    ['that of the socket where one hides it', from('10.0.0.1', '1.1.1.1', 'for=_x'), 1, '10.0.0.1:4242'],
  ])('is %s', (_fact, request, trustedHops, address) => {
    expect(addressOf(request, trustedHops)).toBe(address);
  });

  it('is by default the address of the socket, whatever the headers claim', async () => {
    const node = await startNode();
    await connect(`${node.url.replace('http', 'ws')}/native/ws`, {
      headers: { 'X-Forwarded-For': '198.51.100.7' },
    });
    expect([...node.hub.connections].map(({ remoteAddr }) => remoteAddr)).toEqual([
      expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { chooseCompression } from '../../src/gateway/sockets/compression.ts';
import { startNode } from '../support/node.ts';
import { anEvent, provisioningClient, publish } from './provisioning-helpers.ts';
import { cpuMsOf } from '../support/cpu.ts';

/** What the node agrees to, without what it always adds, or what happens instead. */
function left(offer: string): string {
  const chosen = chooseCompression(offer);
  if (chosen === false) return 'refused';
  return chosen?.replace('; server_no_context_takeover; client_no_context_takeover', '') ?? 'declined';
}

const PLAIN = 'permessage-deflate';
const WINDOW = `${PLAIN}; server_max_window_bits=15`;

describe('an offer of compression', () => {
  it.each([
    [PLAIN, PLAIN],
    [`${PLAIN}; client_max_window_bits`, PLAIN],
    [`${PLAIN};client_max_window_bits=9;server_no_context_takeover`, PLAIN],
    [`${PLAIN} ; client_no_context_takeover ; server_no_context_takeover`, PLAIN],
    [`${PLAIN}; server_max_window_bits=15`, WINDOW],
    [`${PLAIN}; server_max_window_bits = "1\\5"`, WINDOW],
    [`x-webkit-deflate-frame, ${PLAIN}; client_max_window_bits`, PLAIN],
    [`${PLAIN}; server_max_window_bits=9, ${PLAIN}; server_max_window_bits=15`, WINDOW],
    [`${PLAIN}; server_max_window_bits=9, ${PLAIN}`, PLAIN],
  ])('is accepted as "%s" with the answer "%s"', (offer, taken) => {
    expect(left(offer)).toBe(taken);
  });

  it.each([
    'server_max_window_bits=8',
    'server_max_window_bits=9',
    'server_max_window_bits=14',
    'server_max_window_bits=16',
    'server_max_window_bits=015',
    'server_max_window_bits=-1',
    'server_max_window_bits=ten',
    'server_max_window_bits',
    'client_max_window_bits=7',
    'client_max_window_bits=16',
    'client_max_window_bits=1e1',
    'client_max_window_bits=08',
    'server_no_context_takeover=1',
    'client_no_context_takeover=true',
    'client_max_window_bits; client_max_window_bits=10',
    'server_no_context_takeover; server_no_context_takeover',
    'mux',
    'constructor',
    '__proto__=1',
  ])('is declined when it has %s', (parameters) => {
    expect(left(`${PLAIN}; ${parameters}`)).toBe('declined');
  });

  it.each(['x-webkit-deflate-frame', 'permessage-bzip2; a=b', 'Permessage-Deflate', 'constructor'])(
    'is declined when nothing in it is known: %s',
    (offer) => {
      expect(left(offer)).toBe('declined');
    },
  );

  it.each([
    '',
    ';',
    ',',
    `${PLAIN};`,
    `${PLAIN},`,
    `${PLAIN}; a=`,
    `${PLAIN}; =a`,
    `${PLAIN}; a="b`,
    `${PLAIN}; a=""`,
    `${PLAIN}; a="b c"`,
    `${PLAIN} x`,
    `${PLAIN}; a=b c`,
    `(${PLAIN})`,
    'é',
  ])('is refused when it does not have the form of RFC 6455: "%s"', (offer) => {
    expect(left(offer)).toBe('refused');
  });

  it('is read in a time that grows only with its length', () => {
    const long = `${PLAIN}${'; a="\\b\\b"'.repeat(1_000)}`;
    const ms = cpuMsOf(() => {
      expect(left(long)).toBe('declined');
      expect(left(`${long};`)).toBe('refused');
      expect(left(`${PLAIN}; a="${'\\b'.repeat(4_000)}`)).toBe('refused');
    });
    expect(ms).toBeLessThan(100);
  });
});

describe('a handshake that offers compression', () => {
  const large = { text: 'the same again and again, '.repeat(400) };

  it.each([
    'server_max_window_bits=9',
    'server_max_window_bits=7',
    'what_is_this',
    'client_max_window_bits=99',
  ])('is upgraded without compression for the parameters %s', async (parameters) => {
    const node = await startNode({ BELFRY_LISTEN: '127.0.0.1:0=provisioning' });
    const client = await provisioningClient(node, '/ws?compression=true', undefined, {
      perMessageDeflate: false,
      headers: { 'Sec-WebSocket-Extensions': `${PLAIN}; ${parameters}` },
    });
    expect(client.ws.extensions).toBe('');
    await publish(node, anEvent('Tick', large));
    expect(await client.next()).toMatchObject({ data: large });
  });

  it.each([
    ['a window of its own', { serverMaxWindowBits: 15, clientMaxWindowBits: 9 }],
    ['a window that it wants kept, or else none', { serverMaxWindowBits: 15, clientNoContextTakeover: true }],
  ])(
    'is upgraded with compression when it names %s, and the client reads the frames',
    async (_what, perMessageDeflate) => {
      const node = await startNode({ BELFRY_LISTEN: '127.0.0.1:0=provisioning' });
      const client = await provisioningClient(node, '/ws?compression=true', undefined, { perMessageDeflate });
      expect(client.ws.extensions).toBe(PLAIN);
      client.send({
        type: 'subscribe',
        events: ['Tick', ...Array.from({ length: 40 }, (_, n) => `Another${n}`)],
      });
      expect(await client.next()).toMatchObject({ type: 'subscribed' });
      await publish(node, anEvent('Tick', large));
      expect(await client.next()).toMatchObject({ data: large });
    },
  );

  it('is refused with 400 when its offer cannot be read and the URL asks for compression', async () => {
    const node = await startNode({ BELFRY_LISTEN: '127.0.0.1:0=provisioning' });
    const headers = { 'Sec-WebSocket-Extensions': `${PLAIN}; a=` };
    const client = provisioningClient(node, '/ws?compression=true', undefined, {
      perMessageDeflate: false,
      headers,
    });
    await expect(client).rejects.toThrow('refused with 400');
  });
});

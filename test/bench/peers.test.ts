import { describe, expect, it } from 'vitest';
import { PEERS, peerOf } from './peers/index.ts';
import { conversationOf } from './peers/peer.ts';

const subscriber = { index: 7, topic: 't00007', word: 'bench.tick' };

describe('a script of a client of the benchmark', () => {
  it('answers by the first rule that fits a message', () => {
    const { hear } = conversationOf({
      path: '/',
      rules: [
        { begins: 'a', contains: 'z', reply: 'both' },
        { begins: 'a', reply: 'one' },
        { contains: 'go', stands: true },
      ],
    });
    expect([hear?.('a to z')?.reply, hear?.('abc')?.reply, hear?.('let it go')?.stands]).toEqual([
      'both',
      'one',
      true,
    ]);
    expect(hear?.('nothing')).toEqual({});
  });

  it('has no answers where the client receives events after the handshake', () => {
    expect(conversationOf({ path: '/' }).hear).toBeUndefined();
  });

  it.each(['belfry', 'centrifugo'])('carries a token of its own for each client of %s', (name) => {
    const of = (index: number): string => JSON.stringify(peerOf(name).script({ ...subscriber, index }));
    const token = /eyJ[\w-]+\.[\w-]+\.[\w-]+/;
    expect(of(1)).toMatch(token);
    expect(token.exec(of(1))?.[0]).not.toBe(token.exec(of(2))?.[0]);
  });

  it('of nats counts as open once the server answers the ping after the subscription', () => {
    const { hello, hear } = conversationOf(peerOf('nats').script(subscriber));
    expect(hello?.join('')).toMatch(/^CONNECT .*\r\nSUB t00007 1\r\nPING\r\n$/);
    expect(hear?.('PING\r\n')?.reply).toBe('PONG\r\n');
    expect(hear?.('PONG\r\n')?.stands).toBe(true);
    expect(hear?.('INFO {}\r\n')?.stands).toBeUndefined();
  });
});

it('the peers of the benchmark have names of their own', () => {
  expect(new Set(PEERS.map(({ name }) => name)).size).toBe(PEERS.length);
});

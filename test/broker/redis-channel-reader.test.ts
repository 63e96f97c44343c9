import type { Socket } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChannelReader } from '../../src/broker/redis-channel-reader.ts';
import { ManualClock } from '../support/clock.ts';
import { runs } from '../support/runs.ts';

/** A message of a channel as Redis sends it in version 3 of its protocol, or in version 2. */
function message(channel: string, text: string, version: 2 | 3 = 3): string {
  const bulk = (each: string): string => `$${each.length}\r\n${each}\r\n`;
  return `${version === 3 ? '>' : '*'}3\r\n${['message', channel, text].map(bulk).join('')}`;
}

/** A socket of Redis, of which a reader of the channels `log` and `live` takes what is received. */
class Received {
  /** What was heard, and what went to ioredis, in order. */
  readonly taken: string[] = [];
  readonly clock = new ManualClock();
  isWanted = true;
  isReading = true;
  readonly #reader;

  constructor() {
    const hear = (channel: string) => (text: string) =>
      this.taken.push(`${channel}: ${text}`) > 0 && this.isWanted;
    const reader = new ChannelReader(this.clock);
    reader.add(['log', 'live'].map((name) => ({ kind: 'message', name, hear: hear(name) })));
    this.#reader = reader.open();
    const socket: Pick<Socket, 'destroyed'> & { emit: unknown; resume: unknown } = {
      destroyed: false,
      emit: (_: string, bytes: Buffer) => this.taken.push(bytes.toString('latin1')),
      resume: () => (this.isReading = true),
    };
    this.#reader.begin(socket as unknown as Socket);
  }

  /** Receives bytes, in as many reads as the room of the reader takes. */
  receive(text: string): void {
    const { onread } = this.#reader;
    for (let bytes = Buffer.from(text, 'latin1'); bytes.length > 0;) {
      const room = typeof onread.buffer === 'function' ? onread.buffer() : onread.buffer;
      room.set(bytes.subarray(0, room.length));
      this.isReading = onread.callback(Math.min(bytes.length, room.length), room);
      bytes = bytes.subarray(room.length);
    }
  }
}

const REPLIES = [
  '+OK\r\n',
  '-WRONGPASS invalid username-password pair\r\n',
  ':42\r\n',
  '$5\r\nhello\r\n',
  '$-1\r\n',
  '_\r\n',
  '#t\r\n',
  ',1.5\r\n',
  '(123456789012345678901234567890\r\n',
  '!5\r\nERR x\r\n',
  '=8\r\ntxt:some\r\n',
  '*0\r\n',
  '*-1\r\n',
  '*2\r\n$4\r\npong\r\n$0\r\n\r\n',
  '~2\r\n:1\r\n*1\r\n+x\r\n',
  '%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nmodules\r\n*0\r\n',
  '|1\r\n+ttl\r\n:3600\r\n$1\r\nx\r\n',
  '>3\r\n$9\r\nsubscribe\r\n$3\r\nlog\r\n:1\r\n',
  message('other', 'of a channel that nobody reads'),
  '*3\r\n$7\r\nmessage\r\n:1\r\n:2\r\n',
] as const;

describe('the reader of the channels', () => {
  it('hears the messages of its channels, and hands every other reply to ioredis in order', () => {
    const received = new Received();
    const parts = REPLIES.flatMap((reply, index) => [
      reply,
      message(index % 2 === 0 ? 'log' : 'live', `${index}`),
    ]);
    received.receive(parts.join(''));
    const expected = REPLIES.flatMap((reply, index) => [
      reply,
      `${index % 2 === 0 ? 'log' : 'live'}: ${index}`,
    ]);
    expect(received.taken).toEqual(expected);
  });

  it('hears the same however the bytes are split between reads, in both versions of the protocol', () => {
    const part = fc.oneof(
      fc.constantFrom(...REPLIES).map((bytes) => ({ bytes, taken: bytes })),
      fc
        .record({
          channel: fc.constantFrom('log', 'live'),
          text: fc.string(),
          version: fc.constantFrom(2 as const, 3),
        })
        .map(({ channel, text, version }) => {
          const latin1 = Buffer.from(text).toString('latin1');
          return { bytes: message(channel, latin1, version), taken: `${channel}: ${latin1}` };
        }),
    );
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 12 }),
        fc.array(fc.nat(60), { minLength: 1 }),
        (parts, sizes) => {
          const received = new Received();
          const bytes = parts.map((each) => each.bytes).join('');
          for (let at = 0, read = 0; at < bytes.length; read++) {
            const size = (sizes[read % sizes.length] ?? 0) + 1;
            received.receive(bytes.slice(at, at + size));
            at += size;
          }
          expect(received.taken).toEqual(parts.map(({ taken }) => taken));
        },
      ),
      { numRuns: runs(300) },
    );
  });

  it('hears a message that is split at any byte', () => {
    const bytes = `+OK\r\n${message('log', 'one\r\n')}${message('live', '')}:1\r\n${message('log', 'two')}`;
    for (let at = 0; at <= bytes.length; at++) {
      const received = new Received();
      received.receive(bytes.slice(0, at));
      received.receive(bytes.slice(at));
      expect(received.taken).toEqual(['+OK\r\n', 'log: one\r\n', 'live: ', ':1\r\n', 'log: two']);
    }
  });

  it('hears messages that are many times larger than a read, and small ones between them', () => {
    const received = new Received();
    const texts = [1_000_000, 3, 65_000, 0, 65_536, 5_000_000].map((length) => 'x'.repeat(length));
    received.receive(texts.map((text) => message('log', text)).join(''));
    expect(received.taken.map((each) => each.length)).toEqual(
      texts.map(({ length }) => length + 'log: '.length),
    );
  });

  it('keeps what it handed to ioredis from the bytes of the next read', () => {
    const received = new Received();
    const kept: Buffer[] = [];
    const socket = {
      destroyed: false,
      emit: (_: string, bytes: Buffer) => kept.push(bytes),
      resume: () => undefined,
    };
    const channels = new ChannelReader(received.clock);
    channels.add([{ kind: 'message', name: 'log', hear: () => true }]);
    const reader = channels.open();
    reader.begin(socket as unknown as Socket);
    for (const reply of ['+one\r\n', '+two\r\n']) {
      const { onread } = reader;
      const room = typeof onread.buffer === 'function' ? onread.buffer() : onread.buffer;
      room.set(Buffer.from(reply));
      onread.callback(reply.length, room);
    }
    expect(kept.map(String)).toEqual(['+one\r\n', '+two\r\n']);
  });

  it('hands to ioredis at once what is not of the protocol, so that ioredis ends the connection', () => {
    const received = new Received();
    received.receive(`${message('log', 'x')}HTTP/1.1 400 Bad Request\r\n\r\n`);
    expect(received.taken).toEqual(['log: x', 'HTTP/1.1 400 Bad Request\r\n\r\n']);
  });
});

describe('the rests of the reader', () => {
  it('rests between reads of many messages that nobody wants', () => {
    const received = new Received();
    received.isWanted = false;
    received.clock.advance(5_000);
    received.receive(message('log', 'x') + message('log', 'y'));
    expect(received.isReading).toBe(false);
    received.clock.advance(4);
    expect(received.isReading).toBe(false);
    received.clock.advance(1);
    expect(received.isReading).toBe(true);
  });

  it('rests when single messages that nobody wants follow each other fast, and not otherwise', () => {
    const received = new Received();
    received.isWanted = false;
    received.receive(message('log', 'x'));
    expect(received.isReading).toBe(true);
    received.clock.advance(1);
    received.receive(message('log', 'x'));
    expect(received.isReading).toBe(true);
    received.receive(message('log', 'x'));
    expect(received.isReading).toBe(false);
  });

  it('does not rest within five seconds after a message that somebody wanted, or for replies', () => {
    const received = new Received();
    received.receive(message('log', 'x'));
    received.isWanted = false;
    received.clock.advance(5_000);
    received.receive(message('log', 'x') + message('live', 'y'));
    expect(received.isReading).toBe(true);
    received.clock.advance(1);
    received.receive('+OK\r\n+OK\r\n');
    expect(received.isReading).toBe(true);
    received.receive(message('log', 'x') + message('live', 'y'));
    expect(received.isReading).toBe(false);
  });

  it('does not rest while more has come than one read takes', () => {
    const received = new Received();
    received.isWanted = false;
    const bytes = Array.from({ length: 100 }, () => message('log', 'x'.repeat(1_000))).join('');
    received.receive(bytes.slice(0, 65_536));
    expect(received.isReading).toBe(true);
    received.receive(bytes.slice(65_536));
    expect(received.isReading).toBe(false);
    expect(received.taken).toHaveLength(100);
  });
});

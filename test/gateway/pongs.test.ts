import { expect, it } from 'vitest';
import { Pongs } from '../../src/gateway/sockets/pongs.ts';
import { TestTransport } from '../support/transport.ts';

function start() {
  const transport = new TestTransport();
  const sent: string[] = [];
  const pongs = new Pongs(Object.assign(transport, { pong: (data: Buffer) => sent.push(data.toString()) }));
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    transport,
    sent,
    turn,
    ping: (...names: string[]) => names.forEach((name) => pongs.answer(Buffer.from(name))),
  };
}

it('the latest of the pings in one turn gets an answer, and so does each ping that comes alone', async () => {
  const { sent, turn, ping } = start();
  ping('a', 'b', 'c');
  await turn();
  ping('d');
  await turn();
  ping('');
  await turn();
  expect(sent).toEqual(['c', 'd', '']);
});

it('a client that reads nothing has one pong waiting, however many pings it sends', async () => {
  const { transport, sent, turn, ping } = start();
  transport.full = true;
  for (let n = 0; n < 100; n++) {
    ping(`${n}`);
    await turn();
  }
  expect(sent).toEqual([]);
  transport.drain();
  expect(sent).toEqual(['99']);
});

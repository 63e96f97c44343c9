import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FaultProxy } from './proxy.ts';
import { until } from './wait.ts';

interface Line {
  readonly proxy: FaultProxy;
  readonly near: Socket;
  readonly far: Socket;
}

/** A connection through a proxy, seen from both ends. */
async function line(): Promise<Line> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await FaultProxy.before((server.address() as AddressInfo).port);
  const near = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  server.on('connection', (socket: Socket) => socket.on('error', () => undefined));
  const [far] = (await once(server, 'connection')) as [Socket];
  for (const socket of [near, far]) socket.setEncoding('utf8').on('error', () => undefined);
  onTestFinished(() => {
    proxy.close();
    near.destroy();
    far.destroy();
    server.close();
  });
  return { proxy, near, far };
}

async function passes(from: Socket, to: Socket, text: string): Promise<boolean> {
  from.write(text);
  const [heard] = (await once(to, 'data')) as [string];
  return heard === text;
}

describe('the proxy', () => {
  it('carries data in both directions, and passes on the end of one half as such', async () => {
    const { near, far } = await line();
    expect(await passes(near, far, 'there')).toBe(true);
    near.end();
    far.resume();
    await once(far, 'end');
    expect(await passes(far, near, 'and back')).toBe(true);
  });

  it('cuts a connection at both ends, and accepts a new one unless it refuses connections', async () => {
    const { proxy, near, far } = await line();
    for (const socket of [near, far]) socket.resume();
    proxy.cut();
    await until('both ends know', () => [near, far].every((end) => end.destroyed || end.readableEnded));
    expect(proxy.connections).toBe(0);
    proxy.refuse();
    const refused = connect(proxy.port, '127.0.0.1').on('error', () => undefined);
    refused.resume();
    await until('a new one is refused', () => refused.destroyed);
    proxy.heal();
    const again = connect(proxy.port, '127.0.0.1').on('error', () => undefined);
    onTestFinished(() => void again.destroy());
    await until('it is connected', () => proxy.connections === 1);
  });

  it('ends one half of a connection while the other half still carries data', async () => {
    const { proxy, near, far } = await line();
    proxy.halfClose('near');
    near.resume();
    await once(near, 'end');
    expect(await passes(near, far, 'still')).toBe(true);
  });

  it('holds back all data until it is healed, and closes nothing', async () => {
    const { proxy, near, far } = await line();
    let heard = '';
    far.on('data', (text: string) => (heard += text));
    proxy.swallow();
    near.write('late');
    await until('the proxy has read it', () => near.bytesWritten === 4);
    expect([heard, proxy.connections]).toEqual(['', 1]);
    proxy.heal();
    await until('it arrives', () => heard === 'late');
  });

  it.each([
    ['delayed', (proxy: FaultProxy): void => proxy.delay(50)],
    ['throttled', (proxy: FaultProxy): void => proxy.throttle(200_000)],
  ])('keeps the order of data that is %s, and loses none of it', async (_how, slow) => {
    const { proxy, near, far } = await line();
    slow(proxy);
    let heard = '';
    far.on('data', (text: string) => (heard += text));
    const sent = Array.from({ length: 2_000 }, (_, index) => `${index};`);
    for (const text of sent) near.write(text);
    await until('everything arrives', () => heard.length === sent.join('').length);
    expect(heard).toBe(sent.join(''));
  });
});

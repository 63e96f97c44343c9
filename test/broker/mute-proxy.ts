import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A proxy between a node and Redis, which can drop published messages while it keeps the connection open. */
export class MuteProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isMute = false;

  private constructor(redisPort: number) {
    this.#server = createServer((client) => {
      const redis = connect(redisPort, '127.0.0.1');
      client.pipe(redis);
      redis.on('data', (data) => {
        if (!this.#isMute || !data.includes('\r\nmessage\r\n')) client.write(data);
      });
      for (const [socket, other] of [
        [client, redis],
        [redis, client],
      ] as const) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => other.destroy());
      }
    });
  }

  static async before(redisPort: number): Promise<MuteProxy> {
    const proxy = new MuteProxy(redisPort);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    onTestFinished(() => proxy.#close());
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  mute(): void {
    this.#isMute = true;
  }

  unmute(): void {
    this.#isMute = false;
  }

  #close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

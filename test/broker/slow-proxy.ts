import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** One direction through the proxy. */
interface Way {
  readonly client: Socket;
  readonly redis: Socket;
  readonly requests: Buffer[];
}

/** A proxy between a node and Redis, which can hold up commands and lose answers. */
export class SlowProxy {
  readonly #server: Server;
  readonly #ways = new Set<Way>();
  #holds = false;
  #loses = false;

  private constructor(redisPort: number) {
    this.#server = createServer((client) =>
      this.#join({ client, redis: connect(redisPort, '127.0.0.1'), requests: [] }),
    );
  }

  static async before(redisPort: number): Promise<SlowProxy> {
    const proxy = new SlowProxy(redisPort);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    onTestFinished(() => proxy.#close());
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Holds up commands from now on. */
  hold(): void {
    this.#holds = true;
  }

  /**
   * Sends the held commands to Redis, also of connections that their clients have closed, and waits for the answers.
   */
  async release(): Promise<void> {
    this.#holds = false;
    const held = [...this.#ways].filter(({ requests }) => requests.length > 0);
    const answers = held.map(({ redis }) => once(redis, 'data'));
    for (const { redis, requests } of held) for (const data of requests.splice(0)) redis.write(data);
    await Promise.all(answers);
  }

  /** Loses the answers of Redis from now on. */
  loseAnswers(): void {
    this.#loses = true;
  }

  /** Closes the connections of the clients; new ones work. Commands sent before may still reach Redis. */
  cut(): void {
    this.#holds = false;
    this.#loses = false;
    for (const { client } of this.#ways) client.destroy();
  }

  #join(way: Way): void {
    const { client, redis, requests } = way;
    this.#ways.add(way);
    client.on('data', (data) => void (this.#holds ? requests.push(data) : redis.write(data)));
    redis.on('data', (data) => {
      if (!this.#loses && !client.destroyed) client.write(data);
    });
    for (const socket of [client, redis]) socket.on('error', () => undefined);
    redis.on('close', () => client.destroy());
  }

  #close(): void {
    for (const { client, redis } of this.#ways) {
      client.destroy();
      redis.destroy();
    }
    this.#server.close();
  }
}

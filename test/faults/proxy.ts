import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

interface Pair {
  /** The socket of the peer that connected to the proxy. */
  readonly near: Socket;
  /** The socket by which the proxy is connected to the target. */
  readonly far: Socket;
}

/** A network between two processes that can be as bad as a real one. */
export class FaultProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #refuses = false;
  #delayMs = 0;
  #bytesPerSecond = Infinity;
  /** It resolves when data that was held back may go on. */
  #open: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  #targetPort: number;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer({ allowHalfOpen: true }, (near) => this.#join(near));
  }

  /** Listens on any free port of this host, unless another address is given. */
  static async before(targetPort: number, { host = '127.0.0.1', port = 0 } = {}): Promise<FaultProxy> {
    const proxy = new FaultProxy(targetPort);
    proxy.#server.listen(port, host);
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** New connections go to another port, as a balancer leads them to another node. */
  turnTo(targetPort: number): void {
    this.#targetPort = targetPort;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  /** Resets every connection without an orderly end. */
  cut(): void {
    for (const { near, far } of this.#pairs) {
      reset(near);
      reset(far);
    }
  }

  /** Cuts all connections, and accepts no new one until {@link heal}. */
  refuse(): void {
    this.#refuses = true;
    this.cut();
  }

  /** Tells one side that the other side will send no more, although that side still reads. */
  halfClose(side: 'near' | 'far'): void {
    for (const pair of this.#pairs) pair[side].end();
  }

  /** Holds back all data, and tells neither side. */
  swallow(): void {
    this.#open ??= Promise.withResolvers<void>();
  }

  delay(ms: number): void {
    this.#delayMs = ms;
  }

  throttle(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Ends every fault: data that was held back goes on, while a connection that was cut stays cut. */
  heal(): void {
    this.#refuses = false;
    this.#delayMs = 0;
    this.#bytesPerSecond = Infinity;
    this.#open?.resolve();
    this.#open = undefined;
  }

  close(): void {
    this.refuse();
    this.heal();
    this.#server.close();
  }

  #join(near: Socket): void {
    near.on('error', () => undefined);
    if (this.#refuses) return reset(near);
    const far = connect({ port: this.#targetPort, host: '127.0.0.1', allowHalfOpen: true });
    far.on('error', () => undefined);
    const pair = { near, far };
    this.#pairs.add(pair);
    for (const socket of [near, far]) socket.setNoDelay(true).on('close', () => this.#part(pair));
    void this.#carry(near, far);
    void this.#carry(far, near);
  }

  /** Destroys both sockets once one of them is closed. */
  #part(pair: Pair): void {
    pair.near.destroy();
    pair.far.destroy();
    this.#pairs.delete(pair);
  }

  async #carry(from: Socket, to: Socket): Promise<void> {
    try {
      for await (const chunk of from.iterator({ destroyOnReturn: false })) {
        await this.#passage((chunk as Buffer).length);
        // This side was told that no more data comes, so none may follow.
        if (to.destroyed || to.writableEnded) continue;
        if (!to.write(chunk as Buffer)) await writable(to);
      }
      await this.#passage(0);
      to.end();
    } catch {
      // The connection was cut by the proxy or by a peer. The other peer learns of it by its own socket.
      from.destroy();
      to.destroy();
    }
  }

  async #passage(bytes: number): Promise<void> {
    await this.#open?.promise;
    const ms = this.#delayMs + (bytes / this.#bytesPerSecond) * 1_000;
    if (ms > 0) await pause(ms);
    await this.#open?.promise;
  }
}

/** Resolves when the socket accepts more data, or is closed. */
function writable(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      socket.off('drain', go).off('close', go);
      resolve();
    };
    socket.on('drain', go).on('close', go);
  });
}

/** Ends a socket by RST, and at once. Without `destroy`, `resetAndDestroy` would wait for writes under way. */
function reset(socket: Socket): void {
  socket.resetAndDestroy();
  socket.destroy();
}

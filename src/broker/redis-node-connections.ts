import type { Logger } from 'pino';
import { RedisConnection, type ConnectionOptions } from './redis-connection.ts';
import type { SocketReader } from './redis-socket.ts';
import { commandScripts, ingressScripts, readScripts, type ScriptOptions } from './redis-scripts.ts';

export interface NodeConnectionsOptions extends ScriptOptions {
  readonly url: string;
  readonly prefix: string;
  readonly commandTimeoutMs: number;
  readonly log: Logger;
  /** Reads the channels that the subscriber subscribes to. */
  readonly channels: { open(): SocketReader };
}

/**
 * The connections of one node to Redis. There is one for each kind of work that would otherwise make another kind
 * wait.
 */
export class NodeConnections {
  readonly commands: RedisConnection;
  /** For long reads, so that they do not delay a publish. */
  readonly reads: RedisConnection;
  readonly subscriber: RedisConnection;
  /** For the ingress, since this connection blocks until an entry arrives there. */
  readonly taker: RedisConnection;

  constructor(options: NodeConnectionsOptions) {
    const connect = (role: string, more: Partial<ConnectionOptions> = {}): RedisConnection =>
      new RedisConnection({ ...options, role, ...more });
    this.commands = connect('commands', { scripts: commandScripts(options) });
    this.reads = connect('reads', { scripts: readScripts(), bulk: true });
    this.subscriber = connect('subscriber', { reader: () => options.channels.open() });
    this.taker = connect('ingress', { scripts: ingressScripts(options) });
  }

  async open(withinMs: number): Promise<void> {
    const all = [this.commands, this.reads, this.subscriber, this.taker];
    await Promise.all(all.map((connection) => connection.open(withinMs)));
  }

  /** Closes all but the connection of the ingress, which its consumer cuts by itself. */
  async close(): Promise<void> {
    await Promise.all([this.subscriber, this.reads, this.commands].map((connection) => connection.close()));
  }

  /** Whether this node can publish, read and hear events. */
  get isConnected(): boolean {
    return this.commands.isReady && this.reads.isReady && this.subscriber.isReady;
  }

  /**
   * Reconnects the connections that lead to another server than the commands do. A master that became a replica keeps
   * its subscribers and hears of new events with a delay, so a pong from it would prove nothing.
   */
  reconnectToMaster(): void {
    if (!this.isConnected) return;
    const others = [this.reads, this.subscriber].filter(({ peer }) => peer !== this.commands.peer);
    for (const connection of others) connection.renew();
  }
}

import type { Logger } from 'pino';
import { RedisConnection } from './redis-connection.ts';
import type { ScriptLimits } from './redis-hub-rules.ts';
import { commandScripts, ingressScripts, readScripts } from './redis-scripts.ts';

export interface NodeConnectionsOptions extends ScriptLimits {
  readonly url: string;
  readonly prefix: string;
  readonly commandTimeoutMs: number;
  readonly log: Logger;
}

/** The connections of one node to Redis, each for what would keep another one waiting. */
export class NodeConnections {
  readonly commands: RedisConnection;
  /** What is read at length keeps nobody waiting who publishes. */
  readonly reads: RedisConnection;
  readonly subscriber: RedisConnection;
  /** It blocks until something comes into the ingress. */
  readonly taker: RedisConnection;

  constructor(options: NodeConnectionsOptions) {
    const connect = (role: string, scripts = {}, bulk = false): RedisConnection =>
      new RedisConnection({ ...options, role, bulk, scripts });
    this.commands = connect('commands', commandScripts(options));
    this.reads = connect('reads', readScripts(), true);
    this.subscriber = connect('subscriber');
    this.taker = connect('ingress', ingressScripts(options));
  }

  async open(withinMs: number): Promise<void> {
    const all = [this.commands, this.reads, this.subscriber, this.taker];
    await Promise.all(all.map((connection) => connection.open(withinMs)));
  }

  /** The one of the ingress is cut by the ingress itself. */
  async close(): Promise<void> {
    await Promise.all([this.subscriber, this.reads, this.commands].map((connection) => connection.close()));
  }

  /** Whether events can come and go. */
  get isConnected(): boolean {
    return this.commands.isReady && this.reads.isReady && this.subscriber.isReady;
  }

  /**
   * A master that became a replica keeps its subscribers, and tells them what happens elsewhere after a while only; a
   * pong would prove nothing then.
   */
  reconnectToMaster(): void {
    if (!this.isConnected) return;
    const others = [this.reads, this.subscriber].filter(({ peer }) => peer !== this.commands.peer);
    for (const connection of others) connection.renew();
  }
}

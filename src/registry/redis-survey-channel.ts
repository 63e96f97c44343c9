import type { Logger } from 'pino';
import type { ControlConnection } from './redis-control.ts';
import type { SurveyChannel } from './survey.ts';

export interface RedisSurveyChannelOptions {
  readonly prefix: string;
  /** The id of this node. */
  readonly id: string;
  /** The connection for commands. */
  readonly commands: ControlConnection;
  /** The connection that only subscribes. */
  readonly subscriber: ControlConnection;
  readonly log: Logger;
}

/** Surveys over two channels in Redis: `<prefix>:survey` to all nodes, and `<prefix>:survey:<id>` to one of them. */
export class RedisSurveyChannel implements SurveyChannel {
  readonly #options: RedisSurveyChannelOptions;
  readonly #toAll: string;
  #hear: (message: Buffer) => void = () => {};

  constructor(options: RedisSurveyChannelOptions) {
    this.#options = options;
    this.#toAll = `${options.prefix}:survey`;
  }

  /** Both connections must be open already. @throws BelfryError `unavailable` */
  async start(hear: (message: Buffer) => void): Promise<void> {
    const { subscriber, id, log } = this.#options;
    this.#hear = hear;
    const own = [this.#toAll, this.#to(id)];
    const listen = (): Promise<unknown> => subscriber.ask((redis) => redis.subscribe(...own));
    subscriber.redis.on('messageBuffer', (channel: Buffer, message: Buffer) => {
      if (own.includes(channel.toString())) this.#hear(message);
    });
    subscriber.redis.on('ready', () => {
      listen().catch((error: unknown) =>
        log.warn({ err: error }, 'cannot listen for surveys of other nodes'),
      );
    });
    await listen();
  }

  async send(message: string, to?: string): Promise<void> {
    const channel = to === undefined ? this.#toAll : this.#to(to);
    await this.#options.commands.ask((redis) => redis.publish(channel, message));
  }

  async stop(): Promise<void> {
    this.#hear = () => {};
  }

  #to(id: string): string {
    return `${this.#toAll}:${id}`;
  }
}

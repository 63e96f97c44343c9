import { Connection, type ConnectionParts } from './connection.ts';
import type { Link } from './link.ts';
import { TabRelay } from './tab-relay.ts';
import type { FromLeader, ToLeader } from './tabs.ts';

const BEAT_MS = 2_000;

/** Numbers the links of this tab, also where it leads again later. */
let lastLink = 0;

/** The tab that leads: it has the connection, and tells the others everything that comes by it. */
export class TabLeader {
  readonly connection: Connection;
  readonly #parts: ConnectionParts;
  readonly #post: (message: FromLeader) => void;
  readonly #relay: TabRelay;
  readonly #untell: () => void;
  #link: Link | undefined;
  #cancelBeat: (() => void) | undefined;

  constructor(parts: ConnectionParts, post: (message: FromLeader) => void) {
    const { subscriptions, state, environment } = parts;
    this.#parts = parts;
    this.#post = post;
    this.#relay = new TabRelay({
      subscriptions,
      post,
      link: () => this.#link,
      now: () => environment.clock.now(),
    });
    this.connection = new Connection({
      ...parts,
      onLink: (link) => {
        if (link === undefined) this.#relay.reset();
        else lastLink++;
        this.#link = link;
      },
      onEvent: ({ text }) => {
        if (this.#relay.isHeard) post({ kind: 'event', text, isLive: subscriptions.isLive });
      },
    });
    this.#untell = state.onChange(() => this.#tellState());
  }

  start(): void {
    this.#parts.state.change({ status: 'idle' });
    this.connection.start();
    this.#beat();
  }

  heard(message: ToLeader): void {
    if (message.kind === 'hello') this.#tellState();
    else if (message.kind === 'bye') this.#relay.forget(message.from);
    else this.#relay.command(message);
  }

  /** Lets a tab that somebody looks at take over. */
  offer(): void {
    this.#post({ kind: 'offer' });
  }

  stop(): void {
    this.#cancelBeat?.();
    this.#untell();
    this.#relay.reset();
    this.connection.stop('idle');
  }

  #tellState(): void {
    this.#post({ kind: 'state', state: this.#parts.state.current, link: lastLink });
  }

  #beat(): void {
    this.#cancelBeat = this.#parts.environment.clock.after(BEAT_MS, () => {
      this.#post({ kind: 'beat' });
      this.#relay.look();
      this.#beat();
    });
  }
}

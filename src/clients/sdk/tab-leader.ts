import { Connection, type ConnectionParts } from './connection.ts';
import type { Link } from './link.ts';
import { TabRelay } from './tab-relay.ts';
import type { FromLeader, ToLeader } from './tabs.ts';

const BEAT_MS = 2_000;

/** The number of this tab's last link. It goes on when the tab becomes the leader again. */
let lastLink = 0;

/** What the leader does: it has the connection, and sends everything that arrives to the other tabs. */
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

  /** Offers a visible tab to become the leader. */
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

import { delayMs, retryOf } from './backoff.ts';
import type { Environment } from './environment.ts';
import { closedBy } from './errors.ts';
import type { Gap, HubEvent } from './item.ts';
import type { Link, LinkHandler, Reply } from './link.ts';
import { watchLink, watchPage, type Liveness } from './liveness.ts';
import { SocketLink } from './socket-link.ts';
import type { StateStore } from './state.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { Tokens } from './tokens.ts';

/** A connection that was open for this long counts as working, so that the next attempt is the first again. */
const PROVEN_MS = 5_000;
const TOKEN_EXPIRED = 4001;
const NETWORK_LOST = 1006;
/** After so many upgrades without an answer, the network may be one that lets no socket through. */
const MAX_REFUSALS = 2;

export interface ConnectionParts {
  readonly environment: Environment;
  /** The address of the hub, which ends with a slash. */
  readonly base: string;
  readonly tokens: Tokens;
  readonly state: StateStore;
  readonly subscriptions: Subscriptions;
  /** Is told of each link that opened, and when it is gone. */
  readonly onLink?: (link: Link | undefined) => void;
  /** Is told of each event after the listeners. */
  readonly onEvent?: (event: HubEvent) => void;
  /** Loads another driver, which does everything from then on. */
  readonly load?: (() => Promise<Driver>) | undefined;
}

/** What brings the events and takes the publishes of a client. */
export interface Driver {
  /** Begins, if nothing has asked for that yet. */
  start(): void;
  /** Tries now, whatever was before. */
  retry(): void;
  /** Ends the link as if the hub had closed it with this code. */
  fail(code: number, reason: string): void;
  /** Ends it, and does nothing more until it is started. */
  stop(status: 'idle' | 'closed'): void;
}

/** Keeps a connection to the hub: it connects, notices a loss, waits as the close code says, and reconnects. */
export class Connection implements LinkHandler, Driver {
  readonly #parts: ConnectionParts;
  #link: Link | undefined;
  #liveness: Liveness | undefined;
  /** Changes with each attempt, so that results of older attempts are ignored. */
  #turn: object | undefined;
  #attempt = 0;
  #openedAt: number | undefined;
  #cancelRetry: (() => void) | undefined;
  #leavePage: (() => void) | undefined;
  /** Upgrades that failed one after another. */
  #refusals = 0;
  #lastEvent: { readonly time: string; readonly at: number } | undefined;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
  }

  get #status(): string {
    return this.#parts.state.current.status;
  }

  /** Connects, unless it was already told to. */
  start(): void {
    if (this.#status === 'idle') void this.#connect();
  }

  /** Tries to connect now, whatever happened before. */
  retry(): void {
    if (this.#status === 'open' || this.#status === 'connecting') return;
    this.#attempt = 0;
    void this.#connect();
  }

  /** Ends the link as if it had been closed with this code. */
  fail(code: number, reason: string): void {
    if (this.#link !== undefined) this.closed(code, reason);
  }

  /** Ends the link, and connects no more until it is started again. */
  stop(status: 'idle' | 'closed'): void {
    this.#drop();
    this.#leavePage?.();
    this.#leavePage = undefined;
    this.#attempt = 0;
    const nothing = { reason: undefined, principal: undefined, nextAttemptAt: undefined };
    this.#parts.state.change({ status, attempt: 0, ...nothing });
  }

  opened(link: Link, auth?: Reply): void {
    const { environment, state, tokens, subscriptions } = this.#parts;
    if (link !== this.#link) this.#drop();
    this.#link = link;
    this.#openedAt = environment.clock.now();
    if (auth !== undefined) tokens.renewOn(link, auth);
    this.#parts.onLink?.(link);
    const principal = auth?.object['principal'] as string | undefined;
    subscriptions.attach(link);
    state.change({ status: 'open', transport: link.kind, attempt: 0, reason: undefined, principal });
    if (link.kind === 'socket') this.#refusals = 0;
    this.#liveness = watchLink(environment, link, this.#answered, () =>
      this.fail(NETWORK_LOST, 'no answer to a ping'),
    );
  }

  event(event: HubEvent): void {
    this.#lastEvent = { time: event.time, at: this.#parts.environment.clock.now() };
    this.#parts.subscriptions.deliver(event);
    this.#parts.onEvent?.(event);
  }

  gap(gap: Gap): void {
    this.#parts.subscriptions.tellGap(gap);
  }

  closed(code: number, text: string): void {
    const { environment, state, tokens, subscriptions } = this.#parts;
    const { clock, random } = environment;
    if (this.#openedAt === undefined && code === NETWORK_LOST && this.#link !== undefined)
      this.#refusals = this.#link.kind === 'socket' ? this.#refusals + 1 : 0;
    if (clock.now() - (this.#openedAt ?? Infinity) >= PROVEN_MS) this.#attempt = 0;
    this.#drop();
    const reason = { code, text };
    const retry = code === TOKEN_EXPIRED && !tokens.canRenew ? false : retryOf(code);
    if (retry === false) {
      state.change({ status: 'closed', reason, nextAttemptAt: undefined });
      return subscriptions.end(closedBy(reason));
    }
    const waitMs = delayMs(retry, this.#attempt++, random);
    const nextAttemptAt = clock.now() + waitMs;
    this.#cancelRetry = clock.after(waitMs, () => void this.#connect());
    state.change({ status: 'waiting', attempt: this.#attempt, reason, nextAttemptAt });
  }

  async #connect(): Promise<void> {
    const { environment, base, tokens, state, load } = this.#parts;
    this.#cancelRetry?.();
    this.#leavePage ??= watchPage(environment, this.#wake, this.#leave);
    const turn = (this.#turn = {});
    state.change({ status: 'connecting', nextAttemptAt: undefined });
    try {
      if (load !== undefined) {
        const other = await load();
        if (this.#turn !== turn) return;
        this.#leavePage?.();
        return other.start();
      }
      const token = await tokens.get();
      if (this.#turn !== turn) return;
      const options = { environment, base, token };
      if (environment.WebSocket !== undefined && this.#refusals < MAX_REFUSALS)
        this.#link = new SocketLink(options, this);
      else {
        const { StreamLink } = await import('./stream-link.ts');
        if (this.#turn === turn) this.#link = new StreamLink(options, this, tokens);
      }
    } catch (error) {
      if (this.#turn === turn) this.closed(NETWORK_LOST, String(error));
    }
  }

  readonly #answered = (reply: Reply, roundTripMs: number): void => {
    const { environment, state, subscriptions } = this.#parts;
    subscriptions.caughtUp(reply);
    const clockSkewMs = Date.parse(reply.time) - (environment.clock.now() - roundTripMs / 2);
    // The answers of a stream are made here, and tell nothing of the clock of the hub.
    if (this.#link?.kind === 'stream') return;
    const last = this.#lastEvent;
    const lag = last && Math.max(0, last.at + clockSkewMs - Date.parse(last.time));
    state.change({ clockSkewMs, lag });
  };

  /** Checks whether the hub is there, since somebody looks at the page or the network is back. */
  readonly #wake = (): void => {
    const { status, reason } = this.#parts.state.current;
    if (status === 'open') this.#liveness?.check();
    if (status === 'waiting' && retryOf(reason?.code ?? 0) !== 'later') void this.#connect();
  };

  readonly #leave = (): void => {
    if (this.#status === 'closed' || this.#status === 'idle') return;
    this.#drop();
    this.#parts.state.change({ status: 'waiting', reason: { code: 1000, text: 'the page is not shown' } });
  };

  #drop(): void {
    const { tokens, subscriptions } = this.#parts;
    this.#turn = undefined;
    this.#cancelRetry?.();
    this.#liveness?.stop();
    this.#link?.close();
    this.#link = this.#liveness = this.#openedAt = undefined;
    tokens.stop();
    this.#parts.onLink?.(undefined);
    subscriptions.detach();
  }
}

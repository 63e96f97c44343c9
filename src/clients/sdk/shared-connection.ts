import type { ConnectionParts, Driver } from './connection.ts';
import { closedBy } from './errors.ts';
import type { HubEvent } from './item.ts';
import { randomId } from './random-id.ts';
import { TabLeader } from './tab-leader.ts';
import { TabLink } from './tab-link.ts';
import type { FromLeader, TabChannel, TabLocks, TabMessage } from './tabs.ts';

/** A leading tab that sends nothing for this long is replaced. A hidden page is given more time, since its timers run once a minute. */
const SILENCE_MS = 5_000;
const HIDDEN_SILENCE_MS = 90_000;
const LATE_MS = 1_000;

/**
 * One connection for all tabs of an origin. The tab that holds a lock is the leader: it has the connection, and sends
 * everything that arrives to the other tabs. Each tab keeps its own positions, so the next leader goes on without a loss.
 */
export class SharedConnection implements Driver {
  readonly #parts: ConnectionParts;
  readonly #id = randomId();
  readonly #name: string;
  readonly #channel: TabChannel;
  readonly #locks: TabLocks;
  readonly #say: (message: TabMessage) => void;
  #isStarted = false;
  #leading: { readonly leader: TabLeader; readonly release: () => void } | undefined;
  /** The link to the leader, while another tab is the leader. */
  #following: { readonly leader: string; readonly number: number; readonly link: TabLink } | undefined;
  #queued: AbortController | undefined;
  #cancelSilence: (() => void) | undefined;
  #isOffered = false;

  constructor(parts: ConnectionParts, name: string) {
    const { navigator, BroadcastChannel } = globalThis as unknown as {
      navigator: { locks: TabLocks };
      BroadcastChannel: new (channel: string) => TabChannel;
    };
    this.#parts = parts;
    this.#name = `belfry ${name} ${parts.base}`;
    this.#locks = navigator.locks;
    this.#channel = new BroadcastChannel(this.#name);
    this.#say = this.#channel.postMessage.bind(this.#channel);
    this.#channel.addEventListener('message', ({ data }) => this.#heard(data));
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#watch('addEventListener');
    this.#parts.state.change({ status: 'connecting' });
    this.#follow();
  }

  retry(): void {
    if (this.#parts.state.current.status === 'idle') this.start();
    else if (this.#leading === undefined) void this.#compete(true);
    else this.#leading.leader.connection.retry();
  }

  fail(code: number, reason: string): void {
    if (this.#leading !== undefined) return this.#leading.leader.connection.fail(code, reason);
    this.#unfollow();
    this.#say({ kind: 'hello', from: this.#id });
  }

  stop(status: 'idle' | 'closed'): void {
    this.#leave();
    this.#watch('removeEventListener');
    this.#parts.state.change({ status, reason: undefined, principal: undefined });
    if (status === 'closed') this.#channel.close();
  }

  get #isHidden(): boolean {
    return this.#parts.environment.page?.document?.visibilityState === 'hidden';
  }

  /** Waits for the lock, and meanwhile receives what the leader sends. */
  #follow(): void {
    this.#isOffered = false;
    this.#armSilence();
    this.#say({ kind: 'hello', from: this.#id });
    void this.#compete(false);
  }

  async #compete(steal: boolean): Promise<void> {
    this.#queued?.abort();
    const queued = (this.#queued = new AbortController());
    try {
      await this.#locks.request(this.#name, steal ? { steal } : { signal: queued.signal }, () =>
        this.#lead(),
      );
    } catch {
      // Another tab took the lock away, or this tab no longer waits for it.
    }
    if (this.#queued !== queued || !this.#isStarted) return;
    this.#unlead();
    this.#follow();
  }

  /** Resolves when this tab is no longer the leader. */
  #lead(): Promise<void> {
    if (!this.#isStarted) return Promise.resolve();
    this.#cancelSilence?.();
    this.#unfollow();
    return new Promise((release) => {
      const leader = new TabLeader(this.#parts, (message) => this.#say({ ...message, leader: this.#id }));
      this.#leading = { leader, release };
      leader.start();
      if (this.#isHidden) leader.offer();
    });
  }

  #unlead(): void {
    const leading = this.#leading;
    this.#leading = undefined;
    leading?.leader.stop();
    leading?.release();
    if (leading !== undefined) this.#parts.state.change({ status: 'connecting' });
  }

  #unfollow(): void {
    if (this.#following === undefined) return;
    this.#following = undefined;
    this.#parts.subscriptions.detach();
  }

  #leave(): void {
    if (!this.#isStarted) return;
    this.#isStarted = false;
    this.#queued?.abort();
    this.#queued = undefined;
    this.#cancelSilence?.();
    this.#say({ kind: 'bye', from: this.#id });
    this.#unfollow();
    this.#unlead();
  }

  #heard(message: TabMessage): void {
    if (!this.#isStarted) return;
    if ('leader' in message) {
      if (this.#leading === undefined) this.#heardLeader(message);
    } else this.#leading?.leader.heard(message);
  }

  #heardLeader(message: FromLeader & { readonly leader: string }): void {
    this.#armSilence();
    if (message.kind === 'state') return this.#heardState(message);
    if (message.kind === 'offer') {
      this.#isOffered = true;
      if (!this.#isHidden) void this.#compete(true);
    }
    const following = this.#following;
    if (following?.leader !== message.leader) return;
    const { subscriptions } = this.#parts;
    if (message.kind === 'event')
      subscriptions.deliver(
        { ...(JSON.parse(message.text) as HubEvent), text: message.text },
        message.isLive,
      );
    else if (message.kind === 'gap' && message.to === this.#id) subscriptions.tellGap(message.gap);
    else if (message.kind === 'answer' && message.to === this.#id) following.link.answer(message);
  }

  /** This tab shows the state of the leader's connection as its own. */
  #heardState({
    leader,
    link,
    state,
  }: FromLeader & { readonly kind: 'state'; readonly leader: string }): void {
    const { subscriptions } = this.#parts;
    const { status, reason } = state;
    const isSame = this.#following?.leader === leader && this.#following.number === link;
    if (status !== 'open' || !isSame) this.#unfollow();
    if (status === 'open' && !isSame) {
      const tab = new TabLink(this.#id, (command) => this.#say(command));
      this.#following = { leader, number: link, link: tab };
      subscriptions.attach(tab);
    }
    this.#parts.state.change({
      ...state,
      ...(status === 'idle' && { status: 'connecting' }),
      transport: 'tab',
    });
    if (status === 'closed' && reason !== undefined) subscriptions.end(closedBy(reason));
  }

  #armSilence(): void {
    const { clock } = this.#parts.environment;
    const waitMs = this.#isHidden ? HIDDEN_SILENCE_MS : SILENCE_MS;
    const due = clock.now() + waitMs;
    this.#cancelSilence?.();
    this.#cancelSilence = clock.after(waitMs, () => {
      // If the timer is late, this tab was busy or asleep, and messages of the leader may still wait to be read.
      if (clock.now() - due > LATE_MS) this.#armSilence();
      else void this.#compete(true);
    });
  }

  /** The tab became visible or hidden. */
  readonly #shown = (): void => {
    if (this.#leading !== undefined) {
      if (this.#isHidden) this.#leading.leader.offer();
      return;
    }
    this.#armSilence();
    if (this.#isOffered && !this.#isHidden) void this.#compete(true);
  };

  /** The browser may keep a page that is left, but such a page cannot keep a lock. */
  readonly #hidden = (): void => this.#leave();
  readonly #back = (): void => {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#follow();
  };

  #watch(how: 'addEventListener' | 'removeEventListener'): void {
    const { page } = this.#parts.environment;
    page?.document?.[how]('visibilitychange', this.#shown);
    page?.[how]('pagehide', this.#hidden);
    page?.[how]('pageshow', this.#back);
  }
}

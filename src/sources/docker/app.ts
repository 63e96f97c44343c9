import type { SourceContext, Unit } from '../source.ts';
import { ContainerLog } from './container-log.ts';
import { ContainerSamples } from './container-samples.ts';
import { together, type ContainerStats } from './container-stats.ts';
import type { Container } from './container.ts';
import type { Engine } from './engine.ts';

export interface AppParts {
  readonly context: SourceContext;
  readonly engine: Engine;
  /** The unit of what is told of the state of containers. */
  readonly states: Unit;
}

/** The state of an app as Mist's clients read it, and what else is known of its container. */
export interface AppStatus {
  readonly container: string;
  readonly state: string;
  readonly status: string;
  readonly id: string;
  readonly image: string;
}

/** A state that the hub has, and since when. */
export interface ToldStatus {
  readonly status: AppStatus;
  readonly atMs: number;
}

/** The state of a container that is no more. */
export const REMOVED = 'removed';

/** A hub forgets a state after a month, unless it is told again. */
const AGAIN_AFTER_MS = 24 * 60 * 60_000;
/** In these states the log of a container goes on. */
const RUNNING: ReadonlySet<string> = new Set(['running', 'paused']);

interface Member {
  container: Container;
  readonly log: ContainerLog;
  readonly samples: ContainerSamples;
  /** The newest sample of this container since the last event. */
  stats?: ContainerStats;
}

/** The containers with one app id; mostly one. It runs while any of them does. */
export class App {
  readonly #id: string;
  readonly #parts: AppParts;
  readonly #members = new Map<string, Member>();
  readonly #ends: (() => void)[];
  readonly #samples: Unit;
  /** Since when somebody listens to the log. */
  #logSince: Date | undefined;
  #samplesWanted = false;
  #told: ToldStatus | undefined;

  /** `told` is the state that the hub has. */
  constructor(id: string, parts: AppParts, told?: ToldStatus) {
    this.#id = id;
    this.#parts = parts;
    this.#told = told;
    const { demand, publisher } = parts.context;
    this.#samples = publisher.unit(`stats:${id}`, { patterns: [], whenFull: 'newest' });
    const topic = { type: 'container', key: id };
    this.#ends = [
      demand.watch(
        { ...topic, action: 'log' },
        { begin: (since) => this.#beginLog(since), end: () => this.#endLog() },
      ),
      demand.watch(
        { ...topic, action: 'stats' },
        { begin: () => this.#wantSamples(true), end: () => this.#wantSamples(false) },
      ),
    ];
  }

  get isEmpty(): boolean {
    return this.#members.size === 0;
  }

  /** A container of the app is new, or something of it has changed. */
  put(container: Container): void {
    const { context, engine } = this.#parts;
    let member = this.#members.get(container.id);
    if (member === undefined) {
      const options = { context, engine, container };
      member = {
        container,
        log: new ContainerLog({
          ...options,
          appId: this.#id,
          unreadable: (reason) => this.#publish('error', { message: `The log cannot be read: ${reason}` }),
        }),
        samples: new ContainerSamples({
          ...options,
          told: (stats, time) => this.#sampled(container.id, stats, time),
        }),
      };
      this.#members.set(container.id, member);
      if (this.#logSince !== undefined) member.log.begin(this.#logSince);
    }
    member.container = container;
    if (RUNNING.has(container.state)) member.log.changed();
    this.#followSamples(member);
    this.#changed(member);
  }

  /** A container of the app is gone. What it wrote is still read. */
  remove(id: string): void {
    const member = this.#members.get(id);
    if (member === undefined) return;
    this.#members.delete(id);
    member.samples.end();
    member.log.changed();
    member.container = { ...member.container, state: REMOVED, status: REMOVED };
    this.#changed(member);
    void member.log.leave();
  }

  /** No container of the app is there, although the hub was told of one. */
  missing(): void {
    if (this.#told !== undefined)
      this.#tell({ ...this.#told.status, state: REMOVED, status: REMOVED }, Promise.resolve());
  }

  /** The app has no container any more. */
  close(): void {
    for (const end of this.#ends) end();
    void this.#samples.close();
  }

  #beginLog(since: Date): void {
    this.#logSince = since;
    for (const { log } of this.#members.values()) log.begin(since);
  }

  #endLog(): void {
    this.#logSince = undefined;
    for (const { log } of this.#members.values()) log.end();
  }

  #wantSamples(wanted: boolean): void {
    this.#samplesWanted = wanted;
    for (const member of this.#members.values()) this.#followSamples(member);
  }

  #followSamples({ container, samples }: Member): void {
    if (this.#samplesWanted && container.state === 'running') samples.begin();
    else samples.end();
  }

  /** The state of the app, by the container that runs, or else by the newest. */
  #changed(about: Member): void {
    const [leading = about.container] = Array.from(
      this.#members.values(),
      ({ container }) => container,
    ).toSorted(
      (a, b) => Number(b.state === 'running') - Number(a.state === 'running') || b.createdAt - a.createdAt,
    );
    const { name, state, status, id, image } = leading;
    this.#tell({ container: name, state, status, id, image }, about.log.drained());
  }

  /** Tells the state, if it is another one, and the end once everything is told that was written before. */
  #tell(status: AppStatus, drained: Promise<void>): void {
    const { status: before, atMs = 0 } = this.#told ?? {};
    const now = this.#parts.context.clock.now();
    if (JSON.stringify(status) === JSON.stringify(before) && now - atMs < AGAIN_AFTER_MS) return;
    this.#told = { status, atMs: now };
    this.#publish('status', status);
    if (!this.#isRunning && RUNNING.has(before?.state ?? '')) void this.#endAfter(drained);
  }

  /** It may run again by then. */
  async #endAfter(drained: Promise<void>): Promise<void> {
    await drained;
    if (!this.#isRunning) this.#publish('end', { message: 'Log stream ended' });
  }

  get #isRunning(): boolean {
    return RUNNING.has(this.#told?.status.state ?? '');
  }

  /** All containers of the app together, once each of them has sent its sample. */
  #sampled(id: string, stats: ContainerStats, time: string): void {
    const member = this.#members.get(id);
    if (member === undefined) return;
    const members = [...this.#members.values()];
    if (member.stats !== undefined || members.length === 1) {
      const all = members.length === 1 ? [stats] : members.flatMap((each) => each.stats ?? []);
      void this.#samples.publish({
        type: 'container',
        action: 'stats',
        key: this.#id,
        time,
        object: together(all),
        at: time,
      });
      for (const each of members) delete each.stats;
    }
    member.stats = stats;
  }

  #publish(action: 'status' | 'end' | 'error', object: object): void {
    const { context, states } = this.#parts;
    const time = new Date(context.clock.now()).toISOString();
    void states.publish({ type: 'container', action, key: this.#id, time, object, at: time });
  }
}

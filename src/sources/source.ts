/**
 * What every kind of source is given, and what it gives. A source is a process of its own that watches something and
 * publishes it: `belfry source <kind>`.
 */
import type { Registry } from 'prom-client';
import type { Note } from '../clients/cli/output.ts';
import type { Session } from '../clients/cli/session.ts';
import type { Clock } from '../model/clock.ts';

/** One kind of source. It watches until the signal of its context is aborted, and then resolves. */
export type RunSource = (context: SourceContext) => Promise<void>;

export interface SourceContext {
  /** The name of the source in the hub, which every event carries. No two processes may have one name at a time, unless they `lead`. */
  readonly name: string;
  /** The hub: by the SDK as `session.hub`, and by HTTP as `session.ask`. */
  readonly session: Session;
  /** Aborted when the source is to end. What it has published until then is still sent. */
  readonly signal: AbortSignal;
  readonly publisher: Publisher;
  /**
   * Works in one term after the other, each time when no other process of the same name does, until the source is to end. It is for
   * kinds of which several processes may run, so that one of them takes over when another one ends or hangs.
   */
  readonly lead: (work: (term: Term) => Promise<void>) => Promise<void>;
  readonly demand: Demand;
  readonly health: Health;
  /** Where a kind registers metrics of its own, as `belfry_source_<kind>_…`. */
  readonly metrics: Registry;
  readonly clock: Clock;
  /** Prints a line for the person who runs the source. */
  readonly note: Note;
}

/**
 * A time in which this process alone works under the name of the source. When it is over, the hub refuses everything that was
 * published within it, so that nothing of a process that hung for a while comes too late.
 */
export interface Term {
  /** Aborted when the term is over, and when the source is to end. */
  readonly signal: AbortSignal;
  /** What the hub knows the term by. */
  readonly lease: { readonly name: string; readonly fence: number };
  /** Ends the term, for this reason. */
  readonly end: (reason: string) => void;
}

/** An event as a source publishes it. */
export interface SourceEvent {
  readonly type: string;
  readonly action: string;
  readonly key: string;
  readonly object: unknown;
  /** The object before the change. */
  readonly original?: unknown;
  /** When it happened, as RFC 3339. If it is absent, the hub adds the time when it came. */
  readonly time?: string;
  /** Beside `source`, which the publisher adds. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /**
   * The position in what is watched, such as the time of a line or a version. Within one unit positions never go back;
   * several events may have one position.
   */
  readonly at: string;
}

/** A position in what one unit watches. It stands as `metadata.source` in every event, beside the names. */
export interface SourcePosition {
  readonly at: string;
  /** How many events of the same unit with an equal `at` came before. */
  readonly n: number;
}

/**
 * What happens when a unit has no room. `wait`: `publish` resolves later, so that whoever watches stops reading and nothing
 * is lost. `drop-oldest`: the oldest event that waits is left out, and an event says how many. `newest`: only the
 * newest event waits, as for samples.
 */
export type WhenFull = 'wait' | 'drop-oldest' | 'newest';

export interface UnitOptions {
  /** The patterns of all that the unit publishes. Its last position is looked for in events that match them. */
  readonly patterns: readonly string[];
  readonly whenFull: WhenFull;
  /**
   * Tells which of two positions comes first: see {@link byTime} and {@link byNumber} of `positions.ts`. With it, the unit
   * passes over everything up to its last position, although what is watched is read from further back. Without it, the unit
   * passes over only what has exactly the last position.
   */
  readonly order?: (a: string, b: string) => number;
  /** The unit publishes within this term only. What it still holds when the term is over is left out, since another process tells it. */
  readonly term?: Term;
}

/**
 * One thing that is watched and has an order of its own: the log of one container, the samples of one host, one list of a
 * Kubernetes API. Its events reach the hub in the order in which they are published, each once.
 */
export interface Unit {
  /**
   * Reads from the hub the position of the last event that the hub took from this unit, under this name of the source. What is
   * watched is to be read from `at` on, `at` included: the unit passes over the events that the hub has already, by counting
   * those with an equal `at`. `undefined` means that the hub has none. It waits while the hub is away.
   *
   * `notBefore` says since when what is watched exists, so that the log is not searched any further back.
   */
  resume(notBefore?: Date): Promise<SourcePosition | undefined>;
  /**
   * Takes an event, and resolves once there is room for another one. It does not wait for the hub to accept it. After the
   * signal of the context was aborted, it takes nothing more.
   */
  publish(event: SourceEvent): Promise<void>;
  /** Resolves once the hub has accepted or refused everything that was taken. */
  flush(): Promise<void>;
  /** Flushes, unless the term of the unit is over, and forgets the unit. */
  close(): Promise<void>;
}

export interface Publisher {
  /** A unit, by a name that is the same after a restart. A name that is open already is refused. */
  unit(name: string, options: UnitOptions): Unit;
}

/** Who is told when a topic begins to be wanted, and when nobody wants it any more; one after the other, in turn. */
export interface Wanted {
  /** Somebody listens, since this time; since the begin of 1970 with `--always`. It is called at once if that is so already. */
  begin(since: Date): void;
  end(): void;
}

/**
 * What somebody listens to, on any node of the hub, through all interruptions. While the hub is away, what was wanted last
 * is wanted. With `--always` every topic that is watched counts as wanted.
 */
export interface Demand {
  /** Follows one topic, also where somebody listens to it by a pattern that the hub counts. Returns a function that ends this. */
  watch(
    topic: { readonly type: string; readonly action: string; readonly key: string },
    told: Wanted,
  ): () => void;
  /**
   * Follows all keys of a type and action that somebody names, whether or not there is anything by that key: what it takes to say
   * that nothing is there. Returns a function that ends this.
   */
  follow(
    kind: { readonly type: string; readonly action: string },
    told: { begin(key: string, since: Date): void; end(key: string): void },
  ): () => void;
}

/** Whether a source has caught up with what it watches: `/readyz` answers 200 while no part is behind. */
export interface Health {
  /** A part of the source, such as the list of containers, is behind or does not work. The reason is a sentence. */
  behind(part: string, reason: string): void;
  caughtUp(part: string): void;
}

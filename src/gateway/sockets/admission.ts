import type { Connections } from '../../hub/connections.ts';
import { BelfryError } from '../../model/errors.ts';
import { UNKNOWN, type Principal } from '../../model/principal.ts';

export interface AdmissionOptions {
  readonly connections: Pick<Connections, 'size' | 'anonymous'>;
  readonly connectionsMax: number;
  /** The share of the connections that only clients with a token may take. */
  readonly connectionsReserved: number;
}

/** The place of a client that is connecting, until it is attached or turned away. */
export interface Slot {
  /** Tells the principal of the connection once it is known. @throws BelfryError `limit_reached` */
  admit(principal: Principal): void;
  /** Gives the place back, if that was not done before. */
  leave(): void;
}

/**
 * Counts the connections of the node, of every kind, against its limit. A place is taken before anything is awaited,
 * so that clients that come at the same time get exactly as many places as there are.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #anonymousMax: number;
  /** Clients between their arrival and their attachment, and how many of them have no token. */
  #coming = 0;
  #comingAnonymous = 0;
  #stopped = false;

  constructor(options: AdmissionOptions) {
    const { connectionsMax, connectionsReserved } = options;
    this.#options = options;
    this.#anonymousMax = connectionsMax - Math.floor(connectionsMax * connectionsReserved);
  }

  /** From now on no connection is admitted. */
  stop(): void {
    this.#stopped = true;
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  /** Takes a place for a client, by what is known before any check. @throws BelfryError `limit_reached` */
  enter(isAnonymous: boolean): Slot {
    this.#checkAll();
    if (isAnonymous) this.#enterAnonymous();
    this.#coming++;
    let [isHeld, isCounted] = [true, isAnonymous];
    return {
      admit: (principal) => {
        if (isCounted || principal !== UNKNOWN) return;
        this.#enterAnonymous();
        isCounted = true;
      },
      leave: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#coming--;
        if (isCounted) this.#comingAnonymous--;
      },
    };
  }

  #checkAll(): void {
    if (this.#stopped) throw goingAway();
    const { connections, connectionsMax } = this.#options;
    if (connections.size + this.#coming < connectionsMax) return;
    throw new BelfryError(
      'limit_reached',
      `The node holds ${connectionsMax} connections. Expected another try later, or another node.`,
      { limit: 'connections_max' },
    );
  }

  #enterAnonymous(): void {
    if (this.#options.connections.anonymous + this.#comingAnonymous >= this.#anonymousMax) {
      throw new BelfryError(
        'limit_reached',
        `The node holds ${this.#anonymousMax} connections without a token, and keeps the rest for those with one. Expected a token, another node, or another try later.`,
        { limit: 'reserved_share' },
      );
    }
    this.#comingAnonymous++;
  }
}

export function goingAway(): BelfryError {
  return new BelfryError('limit_reached', 'The node is going away. Expected another node.', {
    limit: 'draining',
  });
}

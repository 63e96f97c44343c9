import { bound } from '../../model/bound.ts';
import { BelfryError } from '../../model/errors.ts';

const REFUSED = 'one more is refused with reads_exceeded';
const RUNNING_MAX = bound('costly reads of a node at a time', 4, 'entries', 'the next waits for its turn');
const RUNNING_EACH = bound(
  'costly reads of one principal at a time',
  2,
  'entries',
  'the next waits for its turn',
);
const WAITING_MAX = bound('costly reads of a node that wait for their turn', 1_000, 'entries', REFUSED);
const WAITING_EACH = bound('costly reads of one principal that wait for their turn', 32, 'entries', REFUSED);

interface Owner {
  running: number;
  /** The number of its last turn, among the turns of all principals. */
  lastTurn: number;
  readonly waiting: (() => void)[];
}

/**
 * Lets a few costly reads run at a time, gives each principal as many turns as the others, and refuses a read that
 * would wait too long.
 */
export class FairQueue {
  /** The principals that have reads under way. */
  readonly #owners = new Map<string, Owner>();
  #running = 0;
  #waiting = 0;
  #turns = 0;

  /** Runs the work when it is the principal's turn. @throws BelfryError `reads_exceeded`, or what the work throws */
  async run<Result>(principal: string, work: () => Promise<Result>): Promise<Result> {
    const owner = this.#owners.get(principal) ?? { running: 0, lastTurn: 0, waiting: [] };
    this.#owners.set(principal, owner);
    if (this.#running < RUNNING_MAX && owner.running < RUNNING_EACH) this.#begin(owner);
    else await this.#turn(owner);
    try {
      return await work();
    } finally {
      this.#running--;
      owner.running--;
      if (owner.running + owner.waiting.length === 0) this.#owners.delete(principal);
      this.#next();
    }
  }

  #begin(owner: Owner): void {
    this.#running++;
    owner.running++;
    owner.lastTurn = ++this.#turns;
  }

  #turn(owner: Owner): Promise<void> {
    if (owner.waiting.length >= WAITING_EACH || this.#waiting >= WAITING_MAX) {
      throw new BelfryError(
        'reads_exceeded',
        'Too many costly reads are under way. Expected fewer at a time, or another try in a moment.',
      );
    }
    this.#waiting++;
    return new Promise((resolve) => owner.waiting.push(resolve));
  }

  /** Begins the read of the principal that has the fewest under way, and among those of the one that has waited for longest. */
  #next(): void {
    const waiting = [...this.#owners.values()].filter((owner) => owner.waiting.length > 0);
    waiting.sort((a, b) => a.running - b.running || a.lastTurn - b.lastTurn);
    const [owner] = waiting;
    if (owner === undefined || owner.running >= RUNNING_EACH) return;
    this.#waiting--;
    this.#begin(owner);
    owner.waiting.shift()?.();
  }
}

import type { Stage } from './stage.ts';
import type { BrokerState } from './world.ts';

/** A fault that happens while events flow. */
export interface Fault {
  /** What happens, in the present tense. */
  readonly fact: string;
  /** The way in which the Redis must keep its data for this fault, if only one will do. */
  readonly state?: BrokerState;
  /**
   * Whether the log cannot help, so that clients must be told of a gap, or whether chance decides that. Without this, no client may
   * be told of one.
   */
  readonly tellsGap?: boolean | 'perhaps';
  /** The reason why this fault cannot be tried on this machine, if there is one. */
  readonly skip?: () => string | undefined;
  /** Causes the fault, waits until it has had its effect, and ends it. */
  strike(stage: Stage, form: Form): Promise<void>;
}

/** The form `short` is part of `npm test`, and `long` is played by `npm run test:faults`. */
export type Form = 'short' | 'long';

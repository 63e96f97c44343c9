import type { Stage } from './stage.ts';
import type { BrokerState } from './world.ts';

/** Something that breaks while events flow. */
export interface Fault {
  /** What happens, in the present tense. */
  readonly fact: string;
  /** Where the Redis must keep its data in a certain way for it. */
  readonly state?: BrokerState;
  /** Whether the log cannot help, so that those who missed something must be told. Else nobody may be told anything. */
  readonly tellsGap?: boolean;
  /** The reason why it cannot be tried here, if so. */
  readonly skip?: () => string | undefined;
  /** Breaks it, waits until that is felt, and mends it. */
  strike(stage: Stage, form: Form): Promise<void>;
}

/** `short` as part of `npm test`, `long` by `npm run test:faults`. */
export type Form = 'short' | 'long';

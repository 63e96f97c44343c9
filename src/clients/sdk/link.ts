import type { HubError } from './errors.ts';
import type { Gap, HubEvent } from './item.ts';

/** What the hub says by itself: the reply to a command. */
export interface Reply {
  /** The time of the hub. */
  readonly time: string;
  readonly object: Readonly<Record<string, unknown>>;
}

export type Answered = (error: HubError | undefined, reply?: Reply) => void;

/** One way to the hub, while it is open. */
export interface Link {
  readonly kind: 'socket' | 'stream';
  /** How long an answer to `ping` may take. */
  readonly answerMs: number;
  /** Says a command. It is answered in the turn in which the answer came, or never, where the link was lost. */
  send(command: string, fields: object, answered: Answered): void;
  /** Ends it. Nothing is told any more. */
  close(): void;
}

/** What a link tells. */
export interface LinkHandler {
  /** It is open, and has given its token. */
  opened(link: Link, auth?: Reply): void;
  event(event: HubEvent): void;
  gap(gap: Gap): void;
  /** It has ended, or never opened. */
  closed(code: number, reason: string): void;
}

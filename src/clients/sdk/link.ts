import type { Environment } from './environment.ts';
import type { HubError } from './errors.ts';
import type { Gap, HubEvent } from './item.ts';

/** A message of the hub itself: the reply to a command. */
export interface Reply {
  /** The time by the clock of the hub. */
  readonly time: string;
  readonly object: Readonly<Record<string, unknown>>;
}

export type Answered = (error: HubError | undefined, reply?: Reply) => void;

/** How long a link may take to open, the check of the token included. A browser would wait for ever. */
export const OPEN_MS = 15_000;

/** An open connection to the hub. */
export interface Link {
  readonly kind: 'socket' | 'stream' | 'tab';
  /** How long an answer to `ping` may take. */
  readonly answerMs: number;
  /** Sends a command. Its promise settles in the turn in which the answer comes, or never if the link is lost. */
  send(command: string, fields: object, answered: Answered): void;
  /** Ends the link. Nothing is reported afterwards. */
  close(): void;
}

export interface LinkOptions {
  readonly environment: Environment;
  /** The address of the hub, which ends with a slash. */
  readonly base: string;
  readonly token: string | undefined;
}

/** The events of a link. */
export interface LinkHandler {
  /** The link is open, and the token is accepted. It may be one beside the present link, which it replaces. */
  opened(link: Link, auth?: Reply): void;
  event(event: HubEvent): void;
  gap(gap: Gap): void;
  /** The link has ended, or never opened. */
  closed(code: number, reason: string): void;
}

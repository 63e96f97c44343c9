import type { Command } from '../dialects/dialect.ts';
import { bound } from '../model/bound.ts';
import { CLOSE, closeWith, type Close } from '../model/close.ts';
import { BelfryError } from '../model/errors.ts';
import { UNKNOWN, withoutGrant } from '../model/principal.ts';
import type { Connection } from './connection.ts';

const FRAME_MAX = bound(
  'frame of a connection that has yet to sign in',
  4_096,
  'bytes',
  'the connection is closed with 1009, and the frame is not read',
);
const FRAMES_MAX = bound(
  'frames of a connection that has yet to sign in',
  32,
  'entries',
  'one more closes the connection with 4029',
);
/** What a socket may hand over at once, and a frame that is not whole yet. */
const UNREAD_MAX = bound(
  'unread bytes of a connection that has yet to sign in',
  65_536 + FRAME_MAX,
  'bytes',
  'the connection is closed with 1009',
);

const TOO_BIG = closeWith(CLOSE.tooBig, `more than ${FRAME_MAX} bytes before signing in`);

interface Stranger {
  frames: number;
  /** A token of it is being checked: what follows waits for that, unread. */
  isSigningIn: boolean;
}

/**
 * The connections that promised to say who they are and have not yet. Until then they may sign in and ping, and nothing
 * they send costs more than its few bytes.
 */
export class Strangers {
  readonly #strangers = new WeakMap<Connection, Stranger>();

  add(connection: Connection): void {
    this.#strangers.set(connection, { frames: 0, isSigningIn: false });
  }

  has(connection: Connection): boolean {
    return this.#strangers.has(connection);
  }

  /** Whether what it sends is to be kept as it is until its token is checked. */
  waits(connection: Connection): boolean {
    return this.#strangers.get(connection)?.isSigningIn === true;
  }

  /** Why it is to be closed for a frame of this length, which has yet to be looked at. */
  objectionTo(connection: Connection, length: number): Close | undefined {
    const stranger = this.#strangers.get(connection);
    if (stranger === undefined) return undefined;
    if (length > FRAME_MAX) return TOO_BIG;
    return ++stranger.frames > FRAMES_MAX ? CLOSE.rateLimit : undefined;
  }

  /** Why it is to be closed for so many bytes that are no whole frame yet. */
  objectionToUnread(connection: Connection, bytes: number): Close | undefined {
    return bytes > UNREAD_MAX && this.has(connection) && !this.waits(connection) ? TOO_BIG : undefined;
  }

  /** Why it is refused a command that is for those who have signed in. */
  refusalOf(connection: Connection, { kind }: Command): BelfryError | undefined {
    const stranger = this.#strangers.get(connection);
    if (stranger === undefined || kind === 'ping' || kind === 'ignore') return undefined;
    if (kind !== 'auth') return new BelfryError('forbidden', withoutGrant(UNKNOWN, `to ${kind}`));
    stranger.isSigningIn = true;
    return undefined;
  }

  /** Its token was checked: from now on it is known, or a stranger as before. */
  signedIn(connection: Connection, isKnown: boolean): void {
    const stranger = this.#strangers.get(connection);
    if (isKnown) this.#strangers.delete(connection);
    else if (stranger !== undefined) stranger.isSigningIn = false;
  }
}

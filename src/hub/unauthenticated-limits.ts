import type { Command } from '../dialects/dialect.ts';
import { bound } from '../model/bound.ts';
import { CLOSE, closeWith, type Close } from '../model/close.ts';
import { BelfryError } from '../model/errors.ts';
import { UNKNOWN, withoutGrant } from '../model/principal.ts';
import type { Connection } from './connection.ts';

const FRAME_MAX = bound(
  'frame of a connection that has not signed in yet',
  4_096,
  'bytes',
  'the connection is closed with 1009, and the frame is not read',
);
const FRAMES_MAX = bound(
  'frames of a connection that has not signed in yet',
  32,
  'entries',
  'one more closes the connection with 4029',
);
/** As much as a socket may hand over at once, and a frame that is not complete. */
const UNREAD_MAX = bound(
  'unread bytes of a connection that has not signed in yet',
  65_536 + FRAME_MAX,
  'bytes',
  'the connection is closed with 1009',
);

const TOO_BIG = closeWith(CLOSE.tooBig, `more than ${FRAME_MAX} bytes before signing in`);

interface SignInState {
  frames: number;
  /** Its token is being checked. Frames that follow wait for that, unread. */
  isSigningIn: boolean;
}

/**
 * Limits what connections may do that have yet to sign in with their first command. Until then a connection may sign in
 * and ping, and what it sends costs no more than its few bytes.
 */
export class UnauthenticatedLimits {
  readonly #unauthenticated = new WeakMap<Connection, SignInState>();

  /** The connection has yet to sign in. */
  add(connection: Connection): void {
    this.#unauthenticated.set(connection, { frames: 0, isSigningIn: false });
  }

  has(connection: Connection): boolean {
    return this.#unauthenticated.has(connection);
  }

  /** Whether frames of the connection are to be kept unread until its token is checked. */
  waits(connection: Connection): boolean {
    return this.#unauthenticated.get(connection)?.isSigningIn === true;
  }

  /** Why the connection is to be closed for a frame of this length; `undefined` where the frame may be read. */
  objectionTo(connection: Connection, length: number): Close | undefined {
    const state = this.#unauthenticated.get(connection);
    if (state === undefined) return undefined;
    if (length > FRAME_MAX) return TOO_BIG;
    return ++state.frames > FRAMES_MAX ? CLOSE.rateLimit : undefined;
  }

  /** Why the connection is to be closed for so many bytes that are not a complete frame. */
  objectionToUnread(connection: Connection, bytes: number): Close | undefined {
    return bytes > UNREAD_MAX && this.has(connection) && !this.waits(connection) ? TOO_BIG : undefined;
  }

  /** Why the connection is refused a command; `undefined` where it may use it. */
  refusalOf(connection: Connection, { kind }: Command): BelfryError | undefined {
    const state = this.#unauthenticated.get(connection);
    if (state === undefined || kind === 'ping' || kind === 'ignore') return undefined;
    if (kind !== 'auth') return new BelfryError('forbidden', withoutGrant(UNKNOWN, `to ${kind}`));
    state.isSigningIn = true;
    return undefined;
  }

  /** The token of the connection was checked. Where it was not valid, the limits go on. */
  signedIn(connection: Connection, isKnown: boolean): void {
    const state = this.#unauthenticated.get(connection);
    if (isKnown) this.#unauthenticated.delete(connection);
    else if (state !== undefined) state.isSigningIn = false;
  }
}

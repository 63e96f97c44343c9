import type { Command } from '../dialects/dialect.ts';
import { bound } from '../model/bound.ts';
import { CLOSE, closeWith, type Close } from '../model/close-codes.ts';
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
/** As much as a socket may hand over at once, plus one incomplete frame. */
const UNREAD_MAX = bound(
  'unread bytes of a connection that has not signed in yet',
  65_536 + FRAME_MAX,
  'bytes',
  'the connection is closed with 1009',
);

const TOO_BIG = closeWith(CLOSE.tooBig, `more than ${FRAME_MAX} bytes before signing in`);

interface SignInState {
  frames: number;
  /** The token of the connection is being checked. Frames that follow wait unread until then. */
  isSigningIn: boolean;
}

/**
 * Limits what connections may do that have yet to sign in with their first command. Until then a connection may sign in
 * and ping, and what it sends costs no more than its few bytes.
 */
export class UnauthenticatedLimits {
  readonly #unauthenticated = new WeakMap<Connection, SignInState>();

  /** Notes a connection that has not signed in yet. */
  add(connection: Connection): void {
    this.#unauthenticated.set(connection, { frames: 0, isSigningIn: false });
  }

  has(connection: Connection): boolean {
    return this.#unauthenticated.has(connection);
  }

  /** Whether frames of the connection must stay unread until its token is checked. */
  waits(connection: Connection): boolean {
    return this.#unauthenticated.get(connection)?.isSigningIn === true;
  }

  /** The close of the connection for a frame of this length, or `undefined` if the frame may be read. */
  objectionTo(connection: Connection, length: number): Close | undefined {
    const state = this.#unauthenticated.get(connection);
    if (state === undefined) return undefined;
    if (length > FRAME_MAX) return TOO_BIG;
    return ++state.frames > FRAMES_MAX ? CLOSE.rateLimit : undefined;
  }

  /** The close of the connection for this many bytes without a complete frame. */
  objectionToUnread(connection: Connection, bytes: number): Close | undefined {
    return bytes > UNREAD_MAX && this.has(connection) && !this.waits(connection) ? TOO_BIG : undefined;
  }

  /** The reason why a command of the connection is refused, or `undefined` if it may use the command. */
  refusalOf(connection: Connection, { kind }: Command): BelfryError | undefined {
    const state = this.#unauthenticated.get(connection);
    if (state === undefined || kind === 'ping' || kind === 'ignore') return undefined;
    if (kind !== 'auth') return new BelfryError('forbidden', withoutGrant(UNKNOWN, `to ${kind}`));
    state.isSigningIn = true;
    return undefined;
  }

  /** Notes that the token of the connection was checked. If it was not valid, the limits stay. */
  signedIn(connection: Connection, isKnown: boolean): void {
    const state = this.#unauthenticated.get(connection);
    if (isKnown) this.#unauthenticated.delete(connection);
    else if (state !== undefined) state.isSigningIn = false;
  }
}

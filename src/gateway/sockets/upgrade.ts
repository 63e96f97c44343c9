import type { Request, Response } from 'express';
import { Refusal, type Dialect, type DialectSettings, type Session } from '../../dialects/dialect.ts';
import { dialectAt, ownPath } from '../../dialects/paths.ts';
import type { ConnectionInfo } from '../../hub/connection-info.ts';
import type { EventLog } from '../../hub/event-log.ts';
import type { Clock } from '../../model/clock.ts';
import { asBelfryError, BelfryError } from '../../model/errors.ts';
import type { Identity } from '../../model/principal.ts';
import { goingAway, type Admission, type Slot } from './admission.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { addressOf } from '../http/client-address.ts';
import { carriesCredentials, cookieOf, credentialsOf, type Credentials } from '../auth/credentials.ts';
import { checkOrigin, isOwnPage } from '../http/origin-check.ts';
import { METHOD_NOT_ALLOWED, refuse } from '../http/raw-answer.ts';
import { checkHost, targetOf, userAgentOf } from '../http/request-target.ts';
import { BAD_HANDSHAKE, refusalOf } from './handshake.ts';
import type { HandshakeHead, HandshakeRequest } from './handshake-request.ts';
import type { HandshakeRateLimit } from './handshake-rate-limit.ts';
import { RefusedHandshakes } from '../../telemetry/refused-handshakes.ts';
import { WebSockets, type WebSocketsOptions } from './websocket-server.ts';

export interface UpgradeOptions extends WebSocketsOptions {
  readonly eventLog: Pick<EventLog, 'retained'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly authenticator: Authenticator;
  /** The served dialects. */
  readonly dialects: readonly Dialect[];
  /** The names of the dialects that may be used without a token. */
  readonly anonymous: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** The name of the cookie that may carry a token. */
  readonly cookie: string;
  readonly admission: Admission;
  readonly handshakeRate: HandshakeRateLimit;
  /** How many trusted proxies are in front of the node. */
  readonly trustedHops: number;
  /** Makes the id of a connection: random, and without a colon. */
  readonly newId: () => string;
  /** Passed to the dialects unchanged. */
  readonly settings: DialectSettings;
}

type Handshake = HandshakeHead & Pick<HandshakeRequest, 'socket'>;

/** A handshake, of which everything is read once. */
interface Asked {
  readonly request: Handshake;
  readonly path: string;
  readonly query: URLSearchParams;
  /** The address and port of the client. */
  readonly address: string;
  readonly dialect: Dialect;
}

/** A handshake that may become a connection, and the place that is reserved for it. */
interface Decided extends Asked {
  readonly session: Session;
  readonly slot: Slot;
}

/**
 * Turns a handshake into a connection. It checks the origin, the limits, the identity, the dialect and the room in the
 * registry, and only then upgrades.
 */
export class Upgrade {
  readonly refused = new RefusedHandshakes();
  readonly #options: UpgradeOptions;
  readonly #sockets: WebSockets;

  constructor(options: UpgradeOptions) {
    this.#options = options;
    this.#sockets = new WebSockets(options);
  }

  /** Answers a handshake with an upgrade or a refusal. It never rejects. */
  async handle(request: HandshakeRequest, byDefault: string): Promise<void> {
    const { connections, log, admission } = this.#options;
    const { stream: socket } = request;
    let slot: Slot | undefined;
    let enrolled: ConnectionInfo | undefined;
    try {
      const decided = await this.#decide(request, byDefault);
      slot = decided.slot;
      const info = this.#connectionInfo(decided);
      const full = await this.#enrol(info);
      if (full === undefined) enrolled = info;
      if (admission.isStopped) throw goingAway();
      const hasLeft = socket.destroyed;
      if (this.#sockets.accept(info, { request, full })) enrolled = undefined;
      else if (!hasLeft) this.refused.count(full ?? BAD_HANDSHAKE);
    } catch (thrown) {
      this.refused.count(thrown);
      const refusal = thrown instanceof Refusal ? thrown : refusalOf(thrown);
      if (refusal.status === 500) log.error({ err: thrown }, 'upgrade failed');
      refuse(socket, refusal);
    } finally {
      if (enrolled !== undefined) connections.unregister(enrolled, 'handshake not finished');
      slot?.leave();
    }
  }

  /**
   * Answers a request without an upgrade at the path of a socket. The dialect refuses it, or else it is refused as a bad
   * handshake. @throws BelfryError
   */
  async refuse(request: Request, response: Response, byDefault: string): Promise<void> {
    let refusal = BAD_HANDSHAKE;
    try {
      const { slot } = await this.#decide(request, byDefault);
      slot.leave();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refusal = error;
    }
    response.status(refusal.status).set(refusal.headers).end(refusal.body);
  }

  /** Decides about a handshake. When it resolves, a place is reserved. @throws Refusal or BelfryError */
  async #decide(request: Handshake, byDefault: string): Promise<Decided> {
    checkHost(request);
    const { path, query } = targetOf(request);
    const dialect = dialectAt(path, byDefault, this.#options.dialects);
    if (dialect !== undefined && request.method !== 'GET') throw METHOD_NOT_ALLOWED;
    if (dialect === undefined) throw new BelfryError('not_found', 'No route');
    if (!dialect.checksOrigin) checkOrigin(request.headers, this.#options.allowedOrigins);
    const address = addressOf(request, this.#options.trustedHops);
    const asked = { request, path, query, address, dialect };
    const slot = this.#enter(asked);
    try {
      const session = await this.#sessionOf(asked);
      slot.admit(session.identity.principal);
      return { ...asked, session, slot };
    } catch (error) {
      slot.leave();
      throw error;
    }
  }

  /** Checks what needs neither the token nor Redis. @throws BelfryError `handshakes_exceeded` or `limit_reached` */
  #enter({ request, query, address }: Asked): Slot {
    const { admission, handshakeRate } = this.#options;
    const { authorization, cookie, 'sec-websocket-protocol': protocols } = request.headers;
    const hasCredentials = Boolean(cookie) || carriesCredentials({ authorization, protocols, query });
    handshakeRate.take(address, hasCredentials);
    return admission.enter(!hasCredentials);
  }

  #sessionOf(asked: Asked): Session | Promise<Session> {
    const caller = this.#caller(asked);
    // Most clients are known at once. Each turn that they waited would cost as much as a part of their handshake.
    return caller instanceof Promise
      ? caller.then((found) => this.#openingOf(asked, found))
      : this.#openingOf(asked, caller);
  }

  #openingOf(asked: Asked, caller: Identity | BelfryError): Session | Promise<Session> {
    const { request, path, query, dialect } = asked;
    const { eventLog, clock, anonymous, settings } = this.#options;
    const { origin } = request.headers;
    return dialect.open({
      path: ownPath(path, dialect),
      query,
      ...(origin !== undefined && { origin }),
      caller,
      now: clock.now(),
      anonymous: anonymous.includes(dialect.name),
      settings,
      retained: (wanted) => eventLog.retained(wanted),
    });
  }

  /** Who asks, or why that could not be found out. The promise does not reject. */
  #caller(asked: Asked): Identity | BelfryError | Promise<Identity | BelfryError> {
    const { dialect, address } = asked;
    const identified = (found: Identity): Identity => dialect.identify?.(found) ?? found;
    try {
      const found = this.#options.authenticator.authenticateNow(this.#credentials(asked), address);
      if (!(found instanceof Promise)) return identified(found);
      return found.then(identified).catch((error: unknown) => this.#notIdentified(error));
    } catch (error) {
      return this.#notIdentified(error);
    }
  }

  #notIdentified(error: unknown): BelfryError {
    const refused = asBelfryError(error);
    if (refused.code === 'internal') this.#options.log.error({ err: refused.cause }, 'authentication failed');
    return refused;
  }

  /**
   * A cookie counts only if the dialect uses cookies, and only for pages of the hub's own host or of an allowed
   * origin.
   */
  #credentials({ request, query, dialect: { usesCookies = false, subprotocols } }: Asked): Credentials {
    const { authorization, cookie, origin, 'sec-websocket-protocol': offered } = request.headers;
    const protocols = subprotocols === undefined ? undefined : offered;
    const token = usesCookies ? cookieOf(cookie, this.#options.cookie) : undefined;
    if (token === undefined) return credentialsOf({ authorization, protocols, query });
    const isOwn = origin === undefined || isOwnPage(request.headers);
    if (!isOwn && !this.#options.allowedOrigins.includes(origin)) {
      throw new BelfryError(
        'origin_forbidden',
        'A page of another host may not use the cookie. Expected its origin in BELFRY_ALLOWED_ORIGINS.',
      );
    }
    return { kind: 'bearer', token };
  }

  #connectionInfo({ request, address, dialect, session }: Decided): ConnectionInfo {
    return {
      id: this.#options.newId(),
      type: 'websocket',
      remoteAddr: address,
      userAgent: userAgentOf(request),
      createTime: this.#options.clock.now(),
      dialect,
      session,
    };
  }

  /**
   * Puts the connection into the registry. The result is the reason if there is no room for it. @throws BelfryError
   * `unavailable`
   */
  async #enrol(info: ConnectionInfo): Promise<BelfryError | undefined> {
    try {
      await this.#options.connections.register(info);
      return undefined;
    } catch (thrown) {
      const error = asBelfryError(thrown);
      if (error.code !== 'limit_reached') throw error;
      return error;
    }
  }
}

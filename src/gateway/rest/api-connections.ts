import type { Socket } from 'node:net';
import type { Clock } from '../../model/clock.ts';
import { expiryOf, type Identity } from '../../model/principal.ts';
import type { Registry } from '../../registry/registry.ts';
import { addressOf } from '../http/client-address.ts';
import type { HttpRequest, HttpResponse } from '../http/exchange.ts';
import { PlainResponse } from '../http/plain-response.ts';
import { userAgentOf } from '../http/request-target.ts';

export interface ApiConnectionsOptions {
  readonly registry: Registry;
  readonly clock: Pick<Clock, 'now'>;
  readonly node: string;
  readonly trustedHops: number;
  readonly newId: () => string;
}

/** The socket of a REST client. */
export interface ApiConnection {
  readonly id: string;
  readonly remoteAddr: string;
  /** The caller of the first request. A proxy may send the requests of other callers on the same socket after that. */
  readonly identity: Identity;
  readonly socket: Socket;
  /** The response to the latest request on the socket. */
  response: HttpResponse;
}

/** The connections of REST clients. Each is in the registry from its first authenticated request until its socket closes. */
export class ApiConnections implements Iterable<ApiConnection> {
  readonly #options: ApiConnectionsOptions;
  readonly #connections = new Map<Socket, ApiConnection>();

  constructor(options: ApiConnectionsOptions) {
    this.#options = options;
  }

  [Symbol.iterator](): Iterator<ApiConnection> {
    return this.#connections.values();
  }

  /** Notes a request whose caller is known. It does not wait for the registry, and does not fail with it. */
  seen(request: HttpRequest, response: HttpResponse, identity: Identity): void {
    const { socket } = request;
    const known = this.#connections.get(socket);
    if (known !== undefined) {
      known.response = response;
      return;
    }
    if (socket.destroyed) return;
    const { newId, trustedHops } = this.#options;
    const connection = {
      id: newId(),
      remoteAddr: addressOf(request, trustedHops),
      identity,
      socket,
      response,
    };
    this.#connections.set(socket, connection);
    socket.once('close', () => this.#forget(connection, 'socket closed'));
    this.#enrol(connection, userAgentOf(request));
  }

  /** Takes the connection out of the registry, and ends its socket once the request under way is answered. */
  close(connection: ApiConnection, why: string): void {
    const { socket, response } = connection;
    this.#forget(connection, why);
    if (response.writableFinished) return void socket.destroy();
    response.shouldKeepAlive = false;
    if (!(response instanceof PlainResponse)) response.once('finish', () => socket.destroySoon());
    // Its connection ends after the answer by itself, unless the answer is on its way to the client already.
    else if (response.headersSent) socket.destroySoon();
  }

  #enrol({ id, remoteAddr, identity }: ApiConnection, userAgent: string): void {
    const { registry, clock, node } = this.#options;
    const record = {
      Type: 'api',
      RemoteAddr: remoteAddr,
      Principal: identity.principal,
      CreateTime: new Date(clock.now()).toISOString(),
      ExpiresAt: expiryOf(identity),
      Id: id,
      Node: node,
      Dialect: '',
      Patterns: [],
      UserAgent: userAgent,
    } as const;
    // While the registry cannot be reached, REST goes on without it.
    registry.add(record, {}).catch(() => undefined);
  }

  #forget({ id, socket }: ApiConnection, why: string): void {
    if (this.#connections.delete(socket)) this.#options.registry.remove(id, why);
  }
}

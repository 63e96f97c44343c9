import type { Clock } from '../../model/clock.ts';
import { CLOSE, closeWith, type Close } from '../../model/close-codes.ts';
import type { Identity } from '../../model/principal.ts';
import type { Connection } from '../../hub/connection.ts';
import type { Control, ControlCommand, Target } from '../../registry/control.ts';
import type { Revocation } from '../../registry/revocations.ts';
import type { ApiConnections } from './api-connections.ts';

/**
 * A token may be revoked between its check and the attachment of its connection. Such a connection stays no longer
 * than this.
 */
const SWEEP_MS = 5_000;

/** The close code is that of an expired token, since the client may come back with another token. */
const REVOKED = closeWith(CLOSE.tokenExpired, 'token revoked');

export interface ControlHandlerOptions {
  readonly connections: Iterable<Connection>;
  readonly api: ApiConnections;
  readonly control: Control;
  readonly clock: Clock;
  /** The name of this node. */
  readonly node: string;
}

/** Carries out control commands on the connections of this node. */
export class ControlHandler {
  readonly #options: ControlHandlerOptions;
  #stop = (): void => {};

  constructor(options: ControlHandlerOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { control, clock } = this.#options;
    this.#stop = clock.every(SWEEP_MS, () => this.#closeRevoked());
    await control.start((command) => this.#handle(command));
  }

  async stop(): Promise<void> {
    this.#stop();
    await this.#options.control.stop();
  }

  #handle(command: ControlCommand): void {
    if (command.kind === 'revoke') return this.#revoke(command);
    const { by, reason } = command;
    const named = new Set(command.values);
    const usual = CLOSE.byOperator.reason;
    const why = closeWith(CLOSE.byOperator, reason === undefined ? usual : `${usual}: ${reason}`);
    this.#closeThose((connection) => named.has(this.#nameOf(connection, by) ?? ''), why);
  }

  /** A principal that came with a password must sign in anew, and may do so. */
  #revoke(revocation: Revocation): void {
    if ('principal' in revocation) {
      const { principal } = revocation;
      const byPassword = ({ identity }: Named): boolean =>
        identity.principal === principal && identity.signedInAt === undefined;
      this.#closeThose(byPassword, REVOKED);
    }
    this.#closeRevoked();
  }

  #closeRevoked(): void {
    const { control } = this.#options;
    this.#closeThose(({ identity }) => control.isRevoked(identity), REVOKED);
  }

  #closeThose(concerned: (connection: Named) => boolean, why: Close): void {
    const { connections, api } = this.#options;
    for (const connection of connections) if (concerned(connection)) connection.close(why);
    for (const connection of api)
      if (concerned(connection)) api.close(connection, `${why.code} ${why.reason}`);
  }

  #nameOf({ id, remoteAddr, identity }: Named, by: Target): string | undefined {
    switch (by) {
      case 'id':
        return id;
      case 'address':
        return remoteAddr;
      case 'principal':
        return identity.principal;
      case 'token':
        return identity.tokenId;
      case 'node':
        return this.#options.node;
    }
  }
}

interface Named {
  readonly id: string;
  readonly remoteAddr: string;
  readonly identity: Identity;
}

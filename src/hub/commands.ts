import { isUtf8 } from 'node:buffer';
import type { Command, Session } from '../dialects/dialect.ts';
import { authorizeSubscribe } from '../model/authorization.ts';
import type { Clock } from '../model/clock.ts';
import { CLOSE, closeWith } from '../model/close-codes.ts';
import { asBelfryError, ProtocolError, type BelfryError } from '../model/errors.ts';
import type { Json } from '../model/json.ts';
import type { Identity } from '../model/principal.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import { closeAfter } from './drain.ts';
import { EncodedEvent } from './encoded-event.ts';
import { checkSubscriptionLimits } from './subscription-limits.ts';
import { publishFor, type PublishingOptions } from './publishing.ts';
import { CommandQueue, type Waiting } from './command-queue.ts';
import { Replay } from './replay.ts';
import type { ReplayOptions } from './replay-options.ts';
import { signIn } from './sign-in.ts';
import { UnauthenticatedLimits } from './unauthenticated-limits.ts';

export interface CommandOptions extends ReplayOptions, PublishingOptions {
  readonly connections: Pick<Connections, 'change' | 'identify' | 'rejected'>;
  readonly delivery: ReplayOptions['delivery'];
  readonly clock: Clock;
  readonly authenticate: (token: string) => Promise<Identity>;
  /** Called for frames that are not a command, and for faults of the hub. */
  readonly report: (connection: Connection, error: BelfryError) => void;
  /** How many topics all subscriptions of a connection may have together, with comma lists expanded. */
  readonly maxTopics: number;
  readonly maxPerSecond: number;
}

/**
 * Reads the commands of clients, carries them out in the order in which each client sent them, and answers in its
 * dialect.
 */
export class Commands {
  readonly unauthenticated = new UnauthenticatedLimits();
  readonly #options: CommandOptions;
  readonly #queues = new WeakMap<Connection, CommandQueue>();

  constructor(options: CommandOptions) {
    this.#options = options;
  }

  /** Takes the bytes of a text frame from a client. It never throws. */
  receive(connection: Connection, frame: Buffer): void {
    if (!this.#admit(connection)) return;
    this.#read(connection, frame);
  }

  #read(connection: Connection, frame: Buffer): void {
    if (this.unauthenticated.waits(connection))
      return this.run(connection, { kind: 'frame', frame }, frame.length);
    const objection = this.unauthenticated.objectionTo(connection, frame.length);
    if (objection !== undefined) return connection.close(objection);
    try {
      if (!isUtf8(frame))
        throw new ProtocolError('json_invalid', 'The frame is not UTF-8. Expected a text frame.');
      const command = connection.dialect.decode(frame.toString());
      const refusal = this.unauthenticated.refusalOf(connection, command);
      if (refusal !== undefined) return this.#refuse(connection, command.ref, refusal, command);
      this.run(connection, command, frame.length);
    } catch (error) {
      this.#refuse(connection, error instanceof ProtocolError ? error.ref : '', error);
    }
  }

  /** Takes a binary frame, which no dialect supports. */
  receiveBinary(connection: Connection): void {
    if (!this.#admit(connection) || connection.dialect.ignoresBinary) return;
    const objection = this.unauthenticated.objectionTo(connection, 0);
    if (objection !== undefined) return connection.close(objection);
    this.#refuse(
      connection,
      '',
      new ProtocolError('command_invalid', 'Not a command: a binary frame. Expected a text frame.'),
    );
  }

  /** Begins a session as the dialect said: the events that come first, then the subscriptions and what they replay. */
  open(connection: Connection, session: Session): void {
    const { first = [], subscriptions, replay, closeAfterMs, authWithinMs } = session;
    const { delivery, stats } = this.#options;
    if (authWithinMs !== undefined) this.unauthenticated.add(connection);
    for (const event of first) delivery.sendTo(connection, new EncodedEvent(event, stats));
    if (subscriptions.length > 0) {
      this.run(connection, { kind: 'subscribe', ref: '', subscriptions, ...(replay && { replay }) });
    }
    this.#closeIn(connection, closeAfterMs);
  }

  /** Carries out a command once the commands before it are done. `bytes` is the memory that it takes until then. */
  run(connection: Connection, command: Waiting, bytes = 0): void {
    const queue = this.#queues.get(connection);
    // What need not wait is not queued, since most connections subscribe once and would keep an empty queue for that.
    if (queue !== undefined && !queue.isIdle) {
      if (!queue.push(command, bytes)) connection.close(CLOSE.rateLimit);
    } else if (connection.isOpen) this.#begin(connection, command);
  }

  #admit(connection: Connection): boolean {
    if (!connection.isOpen) return false;
    const { clock, stats } = this.#options;
    const maxPerSecond = connection.limits.commandsPerSecond ?? this.#options.maxPerSecond;
    const admitted = this.#queueOf(connection).admit(clock.elapsed(), maxPerSecond);
    if (admitted) stats.commands++;
    else connection.close(CLOSE.rateLimit);
    return admitted;
  }

  #work(connection: Connection, queue: CommandQueue): void {
    for (let command = queue.shift(); command !== undefined; command = queue.shift())
      if (!connection.isOpen || this.#begin(connection, command)) return;
  }

  /** Returns whether the commands after this one have to wait. */
  #begin(connection: Connection, command: Waiting): boolean {
    if (command.kind === 'frame') {
      const queue = this.#queueOf(connection);
      // The command in the frame joins the queue. While `busy` is set it begins no work of its own.
      queue.busy = true;
      this.#read(connection, command.frame);
      queue.busy = false;
      return false;
    }
    const done = this.#execute(connection, command);
    if (done === undefined) return false;
    const queue = this.#queueOf(connection);
    queue.busy = true;
    void done.finally(() => {
      queue.busy = false;
      this.#work(connection, queue);
    });
    return true;
  }

  /** Returns a promise when the command takes longer than this turn. The promise never rejects. */
  #execute(connection: Connection, command: Command): Promise<void> | undefined {
    try {
      return this.#start(connection, command)?.catch((error: unknown) =>
        this.#refuse(connection, command.ref, error, command),
      );
    } catch (error) {
      this.#refuse(connection, command.ref, error, command);
      return undefined;
    }
  }

  #start(connection: Connection, command: Command): Promise<void> | undefined {
    switch (command.kind) {
      case 'subscribe':
        return this.#subscribe(connection, command);
      case 'unsubscribe':
        this.#options.connections.change(connection, () => {
          for (const name of command.names) connection.subscriptions.delete(name);
          this.#reply(connection, command, { patterns: command.names });
        });
        return undefined;
      case 'publish':
        return publishFor(connection, command, this.#options);
      case 'auth':
        return this.#authenticate(connection, command);
      case 'ping':
        this.#reply(connection, command, { cursor: connection.givenUpTo(this.#options.eventLog.position) });
        return undefined;
      case 'close':
        return closeAfter(this.#options.clock, connection, command.afterMs);
      case 'ignore':
        return undefined;
    }
  }

  #subscribe(connection: Connection, command: Command & { kind: 'subscribe' }): Promise<void> | undefined {
    const { ref, replay, replaces = [] } = command;
    const { connections, eventLog, maxTopics } = this.#options;
    const subscriptions = authorizeSubscribe(connection.identity, command.subscriptions, (error) =>
      this.#refuse(connection, ref, error, command),
    );
    if (subscriptions.length === 0 && command.subscriptions.length > 0) return undefined;
    checkSubscriptionLimits(connection, subscriptions, replaces, maxTopics);
    const from = replay !== undefined && 'since' in replay ? replay.since : undefined;
    const patterns = subscriptions.map(({ name }) => name);
    const reply = (): void =>
      this.#reply(connection, command, { patterns, cursor: from ?? eventLog.position });
    const join = (): void => {
      for (const name of replaces) connection.subscriptions.delete(name);
      for (const subscription of subscriptions) connection.subscribe(subscription, from ?? eventLog.position);
    };
    if (replay === undefined)
      return eventLog.whenFollowed(subscriptions, () => {
        if (connection.isOpen) connections.change(connection, () => (reply(), join()));
      });
    reply();
    return new Replay(this.#options, connection, subscriptions, replay)
      .run(() => connections.change(connection, join))
      .then((closesAfterMs) => this.#closeIn(connection, closesAfterMs));
  }

  async #authenticate(connection: Connection, command: Command & { kind: 'auth' }): Promise<void> {
    const { ref, token, orClose = false } = command;
    try {
      const told = await signIn(this.#options, connection, token);
      if (told === undefined) return;
      this.unauthenticated.signedIn(connection, true);
      this.#options.delivery.tell(connection, 'auth', ref, told);
    } catch (error) {
      if (asBelfryError(error).code !== 'token_invalid') throw error;
      this.#options.connections.rejected(connection);
      if (!orClose) throw error;
      this.#refuse(connection, ref, error, command);
      connection.close(CLOSE.refused);
    } finally {
      this.unauthenticated.signedIn(connection, false);
    }
  }

  /** Closes the connection after a time that begins when the commands that wait are done. */
  #closeIn(connection: Connection, afterMs: number | undefined): void {
    if (afterMs !== undefined) this.run(connection, { kind: 'close', afterMs, ref: '' });
  }

  #reply(connection: Connection, { kind, ref }: Command, object: Json): void {
    this.#options.delivery.tell(connection, kind, ref, object);
  }

  #refuse(connection: Connection, ref: string, thrown: unknown, command?: Command): void {
    const error = asBelfryError(thrown);
    this.#options.report(connection, error);
    const { code, status, message, see, idempotencyKey } = error;
    const said = { command: command?.kind ?? null, code, message, see };
    const told = this.#options.delivery.tell(connection, 'error', ref, {
      ...said,
      ...(idempotencyKey && { idempotencyKey }),
    });
    // A client whose dialect has no answer for this would wait forever on a silent socket.
    if (told || command?.kind !== 'subscribe') return;
    connection.close(status >= 500 ? CLOSE.tryLater : closeWith(CLOSE.refused, message));
  }

  #queueOf(connection: Connection): CommandQueue {
    let queue = this.#queues.get(connection);
    if (queue === undefined) this.#queues.set(connection, (queue = new CommandQueue()));
    return queue;
  }
}

/** A hub in memory, for tests of programs that use the client. It speaks the native protocol, as far as the client does. */
import { CLOSE } from '../../model/close-codes.ts';
import { compareCursors, cursorAt, isCursor } from '../../model/cursor.ts';
import type { Socket, SocketClass } from './environment.ts';
import type { Gap, HubEvent } from './item.ts';
import { matches, readPattern, type Filters, type ReadPattern } from './match.ts';
import { topicOf } from './topic.ts';
import type { NewEvent } from './outbox.ts';

export interface FakeHub {
  /** Give it to `connect` as its option `WebSocket`. */
  readonly WebSocket: SocketClass;
  /** How many sockets are open. */
  readonly connections: number;
  /** Everything that clients published, in order. A repetition under the same key is there once. */
  readonly published: readonly NewEvent[];
  /** Makes an event happen, and returns its id. */
  emit(topic: string, object: unknown): string;
  /** Closes all sockets. Without a code it looks like a broken network. */
  drop(code?: number, reason?: string): void;
  /** Forgets the log. A client that resumes from an earlier position is then told a gap. */
  gap(): void;
  /** Closes all sockets as if their tokens had expired. */
  expire(): void;
  /** Holds back everything that the hub sends, until the returned function is called. */
  slow(): () => void;
}

type Handler = (event: { data: string; code: number; reason: string }) => void;
type Command = Readonly<{
  id: string;
  command: string;
  patterns: string[];
  filters?: Filters;
  since?: string;
  events: NewEvent[];
  idempotencyKey: string;
}>;

const isAfter = (id: string, since: string): boolean => compareCursors(id, since) > 0;

export function fakeHub(): FakeHub {
  const sockets = new Set<FakeSocket>();
  const published: NewEvent[] = [];
  const idsOf = new Map<string, string[]>();
  let log: HubEvent[] = [];
  let [lastMs, lastNumber] = [Date.now(), 0];
  let forgottenTo = '0-0';
  let held: (() => void)[] | undefined;

  const say = (tell: () => void): void => {
    if (held === undefined) queueMicrotask(tell);
    else held.push(tell);
  };
  const cursor = (): string => `${lastMs}-${lastNumber}`;
  const append = (event: NewEvent): string => {
    // As in the log of a hub, which can be read from a time.
    const now = Date.now();
    [lastMs, lastNumber] = now > lastMs ? [now, 0] : [lastMs, lastNumber + 1];
    const heard = { id: cursor(), time: new Date().toISOString(), ...event, text: '' } as HubEvent;
    log.push(heard);
    for (const socket of sockets) socket.deliver(heard);
    return cursor();
  };

  class FakeSocket implements Socket {
    readonly #handlers = new Map<string, Handler>();
    readonly #subscribed = new Map<
      string,
      { patterns: readonly ReadPattern[]; filters: Filters | undefined }
    >();

    constructor() {
      say(() => {
        sockets.add(this);
        this.#handlers.get('open')?.({ data: '', code: 0, reason: '' });
      });
    }

    addEventListener(name: string, tell: unknown): void {
      this.#handlers.set(name, tell as Handler);
    }

    send(text: string): void {
      const command = JSON.parse(text) as Command;
      const object = this.#answerTo(command);
      this.#event(command.command, command.id, object);
      if (command.command === 'subscribe' && command.since !== undefined) this.#replay(command.since);
    }

    close(): void {
      sockets.delete(this);
    }

    /** Closes the socket from the side of the hub. */
    end(code: number, reason: string): void {
      sockets.delete(this);
      say(() => this.#handlers.get('close')?.({ data: '', code, reason }));
    }

    deliver({ text: _none, ...event }: HubEvent): void {
      const heard = { ...event, text: '' } as HubEvent;
      const isWanted = [...this.#subscribed.values()].some((each) =>
        matches(each.patterns, each.filters, heard),
      );
      if (isWanted) this.#tell(event);
    }

    #answerTo(command: Command): object {
      const { patterns, filters, since, events, idempotencyKey } = command;
      switch (command.command) {
        case 'subscribe':
          for (const text of patterns) this.#subscribed.set(text, { patterns: [readPattern(text)], filters });
          return { patterns, cursor: since ?? cursor() };
        case 'unsubscribe':
          for (const text of patterns) this.#subscribed.delete(text);
          return { patterns };
        case 'publish': {
          const ids = idsOf.get(idempotencyKey) ?? events.map(append);
          if (!idsOf.has(idempotencyKey)) published.push(...events);
          idsOf.set(idempotencyKey, ids);
          return { ids };
        }
        case 'auth':
          return { principal: 'user:test', expiresAt: null };
        default:
          return { cursor: cursor() };
      }
    }

    #replay(begin: string): void {
      const since = isCursor(begin) ? begin : cursorAt(Date.parse(begin));
      const gap: Gap = { from: since, to: forgottenTo, reason: 'trimmed' };
      if (isAfter(forgottenTo, since)) this.#event('gap', since, gap);
      for (const event of log) if (isAfter(event.id ?? '0-0', since)) this.deliver(event);
    }

    #event(action: string, key: string, object: object): void {
      this.#tell({ time: new Date().toISOString(), type: 'belfry', action, key, object });
    }

    #tell(event: object): void {
      const data = JSON.stringify(event);
      say(() => {
        if (sockets.has(this)) this.#handlers.get('message')?.({ data, code: 0, reason: '' });
      });
    }
  }

  const drop = (code = 1006, reason = ''): void => {
    for (const socket of sockets) socket.end(code, reason);
  };
  return {
    WebSocket: FakeSocket,
    get connections() {
      return sockets.size;
    },
    published,
    emit: (topic, object) => append({ ...topicOf(topic), object }),
    drop,
    gap() {
      log = [];
      forgottenTo = cursor();
    },
    expire: () => drop(CLOSE.tokenExpired.code, CLOSE.tokenExpired.reason),
    slow() {
      held ??= [];
      return () => {
        const waiting = held ?? [];
        held = undefined;
        for (const tell of waiting) queueMicrotask(tell);
      };
    },
  };
}

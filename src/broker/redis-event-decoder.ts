import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import { cursorTime, timeAt, type Cursor } from '../model/cursor.ts';
import { BelfryError, ProtocolError } from '../model/errors.ts';
import {
  refuseUnloggedType,
  REGISTRY_TYPES,
  RESERVED_TYPES,
  type HubEvent,
  type NewEvent,
} from '../model/event.ts';
import { HeardEvent, textOf, usualEvent, type BodyReader } from '../model/heard-event.ts';
import { readJson, type JsonText } from '../model/json.ts';
import type { Redaction } from '../model/redaction.ts';
import type { ReportRejected } from './broker.ts';
import { tooBig } from './logged-event.ts';
import { isLogged, type Told } from './redis-channel-message.ts';
import type { LogEntry } from './redis-log-entry.ts';

export interface EventDecoderOptions {
  /** Parses an event in any format. @throws ProtocolError */
  readonly parse: (body: JsonText) => NewEvent;
  /** Parses an event of the log, which may also be one of the hub's own registry. @throws ProtocolError */
  readonly parseLogged: (body: JsonText) => NewEvent;
  /**
   * Masks what nobody may see in every event that is read, since the registry, other services and older nodes write
   * without masking.
   */
  readonly redaction: Redaction;
  readonly maxEventBytes: number;
  readonly report: ReportRejected;
  readonly clock: Clock;
}

/** Where a text was read. */
export type Source = 'channel' | 'log';

const MAX_LIVE = bound(
  'events in one message of the channel',
  1_000,
  'entries',
  'the message is rejected with event_invalid',
);

/** Decodes events that others wrote into Redis. A text that is not an event is reported; nothing is ever thrown. */
export class EventDecoder implements BodyReader {
  readonly #options: EventDecoderOptions;
  /** The position before rejected entries that were skipped; the next event takes it as its `previous`. */
  #bridgeFrom: Cursor | undefined;

  constructor(options: EventDecoderOptions) {
    this.#options = options;
  }

  /**
   * Decodes one entry of the log; entries must come in order. `previous` becomes the last entry that was an event, so
   * that rejected entries in between do not look like a gap. An entry without a time gets the time of its id, so that
   * all nodes agree.
   */
  entry(source: Source, { id, previous, body }: LogEntry): HubEvent | undefined {
    const event = this.#try(source, body.length, () => {
      if (previous === undefined) throw new ProtocolError('event_invalid', 'Not written by belfry_publish.');
      return this.#logged(body);
    });
    const joins = this.#joins(previous, event !== undefined);
    if (event === undefined) return undefined;
    const time = event.time ?? cursorTime(id);
    return { ...event, time, id, size: body.length, ...(joins !== undefined && { previous: joins }) };
  }

  /**
   * Decodes entries of the log. When they are read backwards, no event takes an earlier read one as its `previous`.
   */
  async *read(entries: AsyncIterable<LogEntry>, order?: 'backwards'): AsyncGenerator<HubEvent> {
    for await (const entry of entries) {
      const event = this.entry('log', entry);
      if (order === 'backwards') this.breakOff();
      if (event !== undefined) yield event;
    }
  }

  /** The next entry does not follow the last one, so that its own `previous` counts. */
  breakOff(): void {
    this.#bridgeFrom = undefined;
  }

  /**
   * An event that another node has told of. Whether it may be one is checked by its heading and its size; its body is
   * read when somebody asks for what stands there. Only the registry tells of events that are not in the log, so its
   * types are the only ones accepted then.
   */
  told(told: Told): HubEvent | undefined {
    if (told.type === '' && isLogged(told))
      return this.entry('channel', { ...told, body: Buffer.from(told.bytes, 'latin1') });
    const isAccepted = this.#accepts(told);
    const previous = isLogged(told) ? this.#joins(told.previous, isAccepted) : undefined;
    if (!isAccepted) return undefined;
    const { bytes, isCanonical } = told;
    const heading = previous === told.previous ? told : { ...told, previous };
    if (!this.#isMasked(told.masks)) return new HeardEvent(heading, bytes, 'unmasked', this);
    return new HeardEvent(heading, bytes, isCanonical ? 'canonical' : 'as published', this.#asWritten);
  }

  /** Whether an event may be one by its heading and its size. If not, that is reported. */
  #accepts(told: Told): boolean {
    const { bytes, id, type } = told;
    const isUsual = id !== undefined && !RESERVED_TYPES.includes(type);
    if (isUsual && bytes.length <= this.#options.maxEventBytes) return true;
    const isAccepted = this.#try('channel', bytes.length, () => {
      refuseUnloggedType(told);
      if (id !== undefined || REGISTRY_TYPES.includes(type)) return true;
      throw new ProtocolError('event_invalid', 'The message was not written by a node.');
    });
    return isAccepted === true;
  }

  /** Reads the body of an event that was told of, and masks it, since its writer has not. */
  readBody(event: HeardEvent): NewEvent | undefined {
    return this.#read(event, (written) => this.#options.redaction.mask(written));
  }

  /** The same for an event that its writer has masked by the rules of this node. */
  readonly #asWritten: BodyReader = { readBody: (event) => this.#read(event, (written) => written) };

  #read(event: HeardEvent, masked: (written: NewEvent) => NewEvent): NewEvent | undefined {
    return this.#try('channel', event.size, () => {
      const written = this.#options.parseLogged(readJson(Buffer.from(event.bytes, 'latin1')));
      const { type, action, key } = written;
      if (type === event.type && action === event.action && key === event.key) return masked(written);
      throw new ProtocolError('event_invalid', 'The body is another event than the message says.');
    });
  }

  #isMasked(masks: string): boolean {
    const { digest } = this.#options.redaction;
    return digest === '' || digest === masks;
  }

  /**
   * A live event that is written as most services write one, and in which nothing must be masked. It is checked like any
   * other, and needs no parsing to go to native clients. `undefined` for all others, which are read in full.
   */
  #usual(bytes: string): HubEvent | undefined {
    const { maxEventBytes, redaction } = this.#options;
    if (bytes.length > maxEventBytes) return undefined;
    const text = textOf(bytes);
    const event = text === undefined ? undefined : usualEvent(text);
    if (event === undefined || RESERVED_TYPES.includes(event.type)) return undefined;
    if (redaction.mask(event) !== event) return undefined;
    return new HeardEvent(event, bytes, 'as published', this.#asWritten, this.#now());
  }

  /** Reports a message of the channel that no node of this version has written. */
  rejectMessage(): void {
    this.#options.report('channel', 'event_invalid');
  }

  /**
   * Decodes a live message, with one character for each byte: one event, or a list of them. A rejected item of a list does
   * not affect the other items.
   */
  live(bytes: string): HubEvent[] {
    const usual = this.#usual(bytes);
    if (usual !== undefined) return [usual];
    const body = Buffer.from(bytes, 'latin1');
    const list = this.#try('channel', body.length, () => listIn(readJson(body))) ?? [];
    const events: HubEvent[] = [];
    for (const item of list) {
      const event = this.#try('channel', body.length, () =>
        this.#options.redaction.mask(this.#options.parse(item)),
      );
      if (event === undefined) continue;
      events.push({ ...event, time: event.time ?? this.#now(), size: Math.ceil(body.length / list.length) });
    }
    return events;
  }

  /** The position before an entry, or before the rejected ones that it follows. */
  #joins(previous: Cursor | undefined, isEvent: boolean): Cursor | undefined {
    const joins = this.#bridgeFrom ?? previous;
    this.#bridgeFrom = isEvent ? undefined : joins;
    return joins;
  }

  #logged(body: Buffer): NewEvent {
    const { parseLogged, redaction } = this.#options;
    return redaction.mask(parseLogged(readJson(body)));
  }

  #now(): string {
    return timeAt(this.#options.clock.now());
  }

  #try<T>(source: Source, bytes: number, read: () => T): T | undefined {
    const { maxEventBytes, report } = this.#options;
    try {
      if (bytes > maxEventBytes) throw tooBig(bytes, maxEventBytes);
      return read();
    } catch (error) {
      report(source, error instanceof BelfryError ? error.code : 'internal');
      return undefined;
    }
  }
}

/** @throws ProtocolError `event_invalid` for a list that is too long, since each event costs more than its bytes */
function listIn(read: JsonText): readonly JsonText[] {
  const list = read.items(MAX_LIVE + 1) ?? [read];
  if (list.length <= MAX_LIVE) return list;
  throw new ProtocolError('event_invalid', `The list holds more than ${MAX_LIVE} events.`);
}

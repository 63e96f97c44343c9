import type { Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import { HeardEvent, SEPARATOR } from '../model/heard-event.ts';
import { heldBytes } from './encoded-event.ts';
import { topicHashIn, type TopicHash } from './topic-hash.ts';

const SEPARATOR_BYTE = SEPARATOR.charCodeAt(0);

const BLOCK_BYTES = 65_536;
const BLOCK_EVENTS = 512;
/** A larger event takes little more as an object, and would leave much of a block empty. */
const MAX_PACKED_BYTES = 8_192;
/** What a packed event takes beside its bytes. */
const PLACE_BYTES = 20;
/** Stands for the hash at a place that is left out. */
const LEFT_OUT = 0;
const TOPIC_PARTS = 3;

/** Whether an event can be packed: it was heard, is in the log, is small, and no trace follows it. */
export function isPackable(event: HubEvent): event is HeardEvent {
  if (!(event instanceof HeardEvent) || event.packed === undefined) return false;
  return event.id !== undefined && event.packed.length <= MAX_PACKED_BYTES && event.trace === undefined;
}

/**
 * A block of events in the order of the log, as the bytes that told of them, outside of the heap. As objects, thousands of
 * them a second that nobody wants would cost the garbage collector more than everything else that a node does with them.
 * An object is made again when somebody asks for the event, and is then kept, so that readers share it.
 */
export class PackedEvents {
  /** The place of the first event in the segment that holds the block. */
  readonly begin: number;
  readonly #bytes = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  readonly #ends = new Uint32Array(BLOCK_EVENTS);
  /** For each event the index of the first one that {@link HeardEvent.isLike} it, which can unpack it. */
  readonly #kinds = new Uint8Array(BLOCK_EVENTS);
  readonly #firsts: HeardEvent[] = [];
  readonly #unpacked: (HeardEvent | undefined)[] = [];
  #count = 0;
  /** The hash of each topic, made when somebody looks for one. */
  #hashes: Uint32Array | undefined;
  #hashed = 0;

  constructor(begin: number) {
    this.begin = begin;
  }

  /** Adds the event at a place of the segment. `false` where that place does not follow, or there is no room. */
  add(event: HeardEvent, place: number): boolean {
    const { packed = '' } = event;
    const begin = this.#beginOf(this.#count);
    const isFull = this.#count === BLOCK_EVENTS || begin + packed.length > BLOCK_BYTES;
    if (isFull || place !== this.begin + this.#count) return false;
    this.#bytes.write(packed, begin, 'latin1');
    this.#kinds[this.#count] = this.#kindOf(event);
    this.#ends[this.#count++] = begin + packed.length;
    return true;
  }

  /** Leaves the next place out, since the segment holds something else there. */
  skip(): void {
    if (this.#count < BLOCK_EVENTS) this.#ends[this.#count] = this.#beginOf(this.#count);
    this.#count = Math.min(this.#count + 1, BLOCK_EVENTS);
  }

  /**
   * From a place on, the first place with an event of one of these topics, or that the block leaves out; or else the place
   * after its last one.
   */
  next(topics: readonly TopicHash[], place: number): number {
    const hashes = (this.#hashes ??= new Uint32Array(BLOCK_EVENTS));
    for (; this.#hashed < this.#count; this.#hashed++) hashes[this.#hashed] = this.#hashOf(this.#hashed);
    let index = place - this.begin;
    for (; index < this.#count; index++) {
      const hash = hashes[index] ?? LEFT_OUT;
      if (hash === LEFT_OUT || topics.includes(hash)) break;
    }
    return this.begin + index;
  }

  #hashOf(index: number): TopicHash {
    const begin = this.#beginOf(index);
    if (begin === this.#beginOf(index + 1)) return LEFT_OUT;
    const from = this.#bytes.indexOf(SEPARATOR_BYTE, begin) + 1;
    let to = from - 1;
    for (let part = 0; part < TOPIC_PARTS; part++) to = this.#bytes.indexOf(SEPARATOR_BYTE, to + 1);
    return topicHashIn(this.#bytes, from, to);
  }

  idAt(place: number): Cursor {
    const begin = this.#beginOf(place - this.begin);
    return this.#bytes.toString('latin1', begin, this.#bytes.indexOf(SEPARATOR_BYTE, begin));
  }

  /** How many bytes of memory an event takes. */
  heldBytesAt(place: number): number {
    const index = place - this.begin;
    const event = this.#unpacked[index];
    const packed = this.#beginOf(index + 1) - this.#beginOf(index) + PLACE_BYTES;
    return event === undefined ? packed : packed + heldBytes(event);
  }

  /** The event at a place, which follows the one at the position `previous`. */
  eventAt(place: number, previous: Cursor): HubEvent | undefined {
    const index = place - this.begin;
    return (this.#unpacked[index] ??= this.#unpack(index, previous));
  }

  /** The same, without keeping the object. */
  readAt(place: number, previous: Cursor): HubEvent | undefined {
    const index = place - this.begin;
    return this.#unpacked[index] ?? this.#unpack(index, previous);
  }

  #unpack(index: number, previous: Cursor): HeardEvent | undefined {
    const packed = this.#bytes.toString('latin1', this.#beginOf(index), this.#beginOf(index + 1));
    return this.#firsts[this.#kinds[index] ?? 0]?.unpack(packed, previous);
  }

  #kindOf(event: HeardEvent): number {
    const known = this.#firsts.findIndex((first) => first.isLike(event));
    return known < 0 ? this.#firsts.push(event) - 1 : known;
  }

  #beginOf(index: number): number {
    return this.#ends[index - 1] ?? 0;
  }
}

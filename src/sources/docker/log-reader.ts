import { fixedTime } from './engine-time.ts';
import { FrameReader, type LogStream } from './log-frames.ts';
import { bound } from '../../model/bound.ts';
import { wholeCharacters } from '../lines.ts';

const LF = 0x0a;
const CR = 0x0d;
/** A control character of one byte becomes six characters of JSON. */
const JSON_GROWTH = 6;

/** A line of 1 MB is whole, and its event still fits into a hub with the usual `BELFRY_EVENT_MAX_BYTES`. */
const LINE_MAX_BYTES = bound(
  'a line of the log of a container, as JSON',
  1_000_000,
  'bytes',
  'the rest of the line is left out, and the event says how many bytes it had',
);

/** One line of the log of a container. Escape sequences such as colors are kept. */
export interface LogLine {
  readonly stream: LogStream;
  /** When the engine received it, as {@link fixedTime} writes it. */
  readonly at: string;
  readonly text: string;
  /** How many bytes at its end were left out. */
  readonly cutBytes?: number;
}

/** Makes lines of the bytes of a log, which the engine wrote with timestamps. */
export interface LogReader {
  /** How many entries the engine wrote so far. An entry is a line, or a part of 16 KB of a longer one. */
  readonly entries: number;
  /** The lines that end in this chunk, which may end anywhere. @throws Error where it is no log */
  push(chunk: Buffer): LogLine[];
  /** What has no end of line. It is a line only once the container wrote its last. */
  end(): LogLine[];
}

/** The log of a container without a terminal: frames, each with its stream. */
export class FramedLogReader implements LogReader {
  entries = 0;
  readonly #frames = new FrameReader();
  readonly #open = new Map<LogStream, OpenLine>();

  push(chunk: Buffer): LogLine[] {
    const lines: LogLine[] = [];
    for (const { stream, bytes } of this.#frames.push(chunk)) this.#add(stream, bytes, lines);
    return lines;
  }

  end(): LogLine[] {
    const lines = Array.from(this.#open.values(), (open) => open.line());
    this.#open.clear();
    return lines;
  }

  #add(stream: LogStream, bytes: Buffer, lines: LogLine[]): void {
    this.entries++;
    const space = bytes.indexOf(' ');
    const at = timeOf(bytes.toString('latin1', 0, Math.max(space, 0)));
    let open = this.#open.get(stream);
    // All parts of a line have one time. Of a container that ended amid a line, the next begins with another one.
    if (open !== undefined && open.at !== at) {
      lines.push(open.line());
      open = undefined;
    }
    open ??= new OpenLine(stream, at);
    const ends = bytes.at(-1) === LF;
    open.add(bytes.subarray(space + 1, ends ? -1 : undefined));
    if (ends) {
      lines.push(open.line());
      this.#open.delete(stream);
    } else this.#open.set(stream, open);
  }
}

/** The terminal may print times of its own. So one within a line counts only where the engine must have written it. */
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /g;

/** The log of a container with a terminal: no frames, but only text, in which each entry begins with its time. */
export class TerminalLogReader implements LogReader {
  entries = 0;
  readonly #now: () => string;
  #held: Buffer[] = [];
  #size = 0;
  #cut = 0;

  /** `now` is the time as {@link fixedTime} writes it. */
  constructor(now: () => string) {
    this.#now = now;
  }

  push(chunk: Buffer): LogLine[] {
    const lines: LogLine[] = [];
    let from = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, from)) {
      this.#hold(chunk.subarray(from, end));
      lines.push(...this.#take());
      from = end + 1;
    }
    this.#hold(chunk.subarray(from));
    return lines;
  }

  end(): LogLine[] {
    return this.#size === 0 ? [] : this.#take();
  }

  #hold(bytes: Buffer): void {
    const kept = bytes.subarray(0, Math.max(0, LINE_MAX_BYTES * 2 - this.#size));
    this.#cut += bytes.length - kept.length;
    this.#size += kept.length;
    if (kept.length > 0) this.#held.push(kept);
  }

  /** The line that ended, or several, where a process ended amid a line and the next one went on in it. */
  #take(): LogLine[] {
    const text = Buffer.concat(this.#held).toString('latin1');
    const space = text.indexOf(' ');
    let open = new OpenLine('stdout', timeOf(text.slice(0, Math.max(space, 0))));
    let from = space + 1;
    const lines: LogLine[] = [];
    this.entries++;
    for (const { 0: found, index } of text.slice(from).matchAll(TIME)) {
      const at = found.slice(0, -1);
      const isPart = at === open.at;
      if (!isPart && !(at > open.at && at <= this.#now())) continue;
      this.entries++;
      const start = space + 1 + index;
      open.add(Buffer.from(text.slice(from, start), 'latin1'));
      from = start + found.length;
      if (isPart) continue;
      lines.push(open.line());
      open = new OpenLine('stdout', at);
    }
    open.add(Buffer.from(text.slice(from), 'latin1'));
    lines.push(open.line(this.#cut));
    this.#held = [];
    this.#size = this.#cut = 0;
    return lines;
  }
}

/** A line as it grows, part by part. It is decoded once, so that no character is cut where a part ends. */
class OpenLine {
  readonly stream: LogStream;
  readonly at: string;
  readonly #parts: Buffer[] = [];
  #held = 0;
  #cut = 0;

  constructor(stream: LogStream, at: string) {
    this.stream = stream;
    this.at = at;
  }

  add(bytes: Buffer): void {
    const kept = bytes.subarray(0, Math.max(0, LINE_MAX_BYTES - this.#held));
    this.#cut += bytes.length - kept.length;
    this.#held += kept.length;
    if (kept.length > 0) this.#parts.push(kept);
  }

  line(moreCut = 0): LogLine {
    const { stream, at } = this;
    const [only] = this.#parts;
    let bytes = this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts);
    // A terminal ends its lines with both.
    if (this.#cut + moreCut === 0 && bytes.at(-1) === CR) bytes = bytes.subarray(0, -1);
    const fitting = fittingBytes(bytes);
    const isCut = this.#cut + moreCut > 0 || fitting.length < bytes.length;
    if (!isCut) return { stream, at, text: bytes.toString() };
    const whole = wholeCharacters(fitting);
    const cutBytes = this.#cut + moreCut + bytes.length - whole.length;
    return { stream, at, text: whole.toString(), cutBytes };
  }
}

/** As much of the bytes as fits when it is written as JSON. */
function fittingBytes(bytes: Buffer): Buffer {
  if (bytes.length * JSON_GROWTH <= LINE_MAX_BYTES) return bytes;
  for (let fitting = bytes; ;) {
    const size = Buffer.byteLength(JSON.stringify(fitting.toString()));
    if (size <= LINE_MAX_BYTES + 2) return fitting;
    fitting = fitting.subarray(0, Math.floor((fitting.length * LINE_MAX_BYTES) / size));
  }
}

/** @throws Error */
function timeOf(text: string): string {
  const at = fixedTime(text);
  if (at !== undefined) return at;
  throw new Error(
    `The log has "${text.slice(0, 40)}" where a time was expected. Is that really the API of Docker?`,
  );
}

import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import type { Gap, HubEvent } from '../sdk/item.ts';
import { CommandError, UsageError } from './errors.ts';

/** Where the last line is looked for first. Most events are much smaller. */
const TAIL_BYTES = 65_536;
const LINE_FEED = 0x0a;

/** A file of events, one JSON a line as it came. A line `{"gap":{…}}` says that events may be missing there. */
export class RecordFile {
  /** The id of the last event in the file. */
  readonly lastId: string | undefined;
  readonly #file: number;
  /** How many bytes there are. */
  #size: number;

  /** @throws UsageError when the file is there and nothing may be appended to it, or cannot be written */
  constructor(path: string, append: boolean) {
    try {
      this.#file = openSync(path, append ? 'a+' : 'ax+', 0o600);
    } catch (cause) {
      const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST';
      const what = exists ? 'exists already' : `cannot be written: ${(cause as Error).message}`;
      const expected = exists ? 'a new file, or --append' : 'a file that can be written';
      throw new UsageError(`The file ${path} ${what}. Expected ${expected}.`, { cause });
    }
    this.#size = fstatSync(this.#file).size;
    this.#cutUnfinishedLine();
    this.lastId = this.#findLastId();
  }

  event({ text }: HubEvent): void {
    this.#append(text);
  }

  gap(gap: Gap): void {
    this.#append(JSON.stringify({ gap }));
  }

  close(): void {
    closeSync(this.#file);
  }

  /** A line is in the file as a whole or not at all, also where the disk is full. */
  #append(line: string): void {
    const bytes = Buffer.from(`${line}\n`);
    try {
      for (let written = 0; written < bytes.length;)
        written += writeSync(this.#file, bytes, written, bytes.length - written);
    } catch (cause) {
      ftruncateSync(this.#file, this.#size);
      throw new CommandError('refused', `An event could not be written: ${(cause as Error).message}.`, {
        cause,
      });
    }
    this.#size += bytes.length;
  }

  /** A process that was killed may have left half a line. */
  #cutUnfinishedLine(): void {
    for (const { bytes, start } of this.#tails()) {
      const end = bytes.lastIndexOf(LINE_FEED);
      if (end < 0 && start > 0) continue;
      this.#size = start + end + 1;
      ftruncateSync(this.#file, this.#size);
      return;
    }
  }

  #findLastId(): string | undefined {
    for (const { bytes, start } of this.#tails()) {
      const lines = bytes.toString('utf8').split('\n');
      // The first line may have begun before these bytes.
      for (const line of lines.slice(start > 0 ? 1 : 0).toReversed()) {
        const id = idIn(line);
        if (id !== undefined) return id;
      }
    }
    return undefined;
  }

  /** Ever longer ends of the file, up to the whole. */
  *#tails(): Iterable<{ readonly bytes: Buffer; readonly start: number }> {
    for (let length = TAIL_BYTES; ; length *= 4) {
      const start = Math.max(0, this.#size - length);
      const bytes = Buffer.alloc(this.#size - start);
      readSync(this.#file, bytes, 0, bytes.length, start);
      yield { bytes, start };
      if (start === 0) return;
    }
  }
}

function idIn(line: string): string | undefined {
  try {
    const { id } = JSON.parse(line) as { readonly id?: unknown };
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}

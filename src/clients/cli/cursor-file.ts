import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { UsageError } from './errors.ts';

/** It is written at most so often, in milliseconds. */
const EVERY_MS = 200;

/** A file with the position up to which a command has done its work, so that it goes on there when it is started again. */
export class CursorFile {
  readonly #path: string;
  #next: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** The position in the file, or `undefined` if there is no file yet. @throws UsageError */
  read(): string | undefined {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8').trim();
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new UsageError(`${this.#path} cannot be read: ${(cause as Error).message}.`, { cause });
    }
    if (/^\d+-\d+$/.test(text)) return text;
    throw new UsageError(`${this.#path} holds no cursor. Expected a file that this command wrote, or none.`);
  }

  set(cursor: string): void {
    this.#next = cursor;
    this.#timer ??= setTimeout(() => this.flush(), EVERY_MS).unref();
  }

  /** Writes what is not written yet. The file is replaced as a whole, so that it is never half of one. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#next === undefined) return;
    const draft = `${this.#path}.new`;
    writeFileSync(draft, `${this.#next}\n`);
    renameSync(draft, this.#path);
    this.#next = undefined;
  }
}

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isCursor } from '../../model/cursor.ts';
import { isPosition } from '../../model/position.ts';
import { UsageError } from './errors.ts';
import type { Progress } from '../webhooks/delivery-queue.ts';

/** It is written at most so often, in milliseconds. */
const EVERY_MS = 200;

/**
 * A file with the position up to which a command has done its work, and on further lines what it has done after that, so
 * that it goes on there when it is started again.
 */
export class CursorFile {
  readonly #path: string;
  #next: (() => Progress) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** What the file says, or `undefined` if there is no file yet. @throws UsageError */
  read(): Progress | undefined {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8').trim();
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new UsageError(`${this.#path} cannot be read: ${(cause as Error).message}.`, { cause });
    }
    const [cursor, ...settled] = text.split('\n');
    const isUsable = isBeginning(cursor ?? '') && settled.every(isCursor);
    if (isUsable) return { ...(cursor !== undefined && { cursor }), settled };
    throw new UsageError(`${this.#path} holds no cursor. Expected a file that this command wrote, or none.`);
  }

  /** Notes that there is new progress, which is read when it is written. */
  set(progress: () => Progress): void {
    this.#next = progress;
    this.#timer ??= setTimeout(() => this.flush(), EVERY_MS).unref();
  }

  /** Writes what is not written yet. The file is replaced as a whole, so that it is never half of one. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { cursor, settled = [] } = this.#next?.() ?? {};
    this.#next = undefined;
    if (cursor === undefined) return;
    const draft = `${this.#path}.new`;
    writeFileSync(draft, [cursor, ...settled, ''].join('\n'));
    renameSync(draft, this.#path);
  }
}

/** A command that has done nothing yet may begin at a time. */
function isBeginning(text: string): boolean {
  return isPosition(text) || /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text);
}

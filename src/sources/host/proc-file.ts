import { closeSync, openSync, readSync } from 'node:fs';
import { bound } from '../../model/bound.ts';

const MAX_BYTES = bound(
  'bytes of one file of /proc that the source of a host reads',
  1024 * 1024,
  'bytes',
  'the rest of the file does not count',
);
const FIRST_BYTES = 8 * 1024;

/**
 * A file whose content the kernel makes when it is read. It stays open, and is read again from its beginning, which takes some ten
 * microseconds and never waits.
 */
export class ProcFile {
  readonly #fd: number;
  #buffer = Buffer.alloc(FIRST_BYTES);

  /** @throws Error where it cannot be opened */
  constructor(path: string) {
    this.#fd = openSync(path, 'r');
  }

  /** @throws Error where it cannot be read */
  read(): string {
    for (;;) {
      const { length } = this.#buffer;
      const bytes = this.#fill();
      if (bytes < length || length >= MAX_BYTES) return this.#buffer.toString('utf8', 0, bytes);
      this.#buffer = Buffer.alloc(length * 2);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** The kernel may give a file in several pieces. */
  #fill(): number {
    let at = 0;
    for (;;) {
      const bytes = readSync(this.#fd, this.#buffer, at, this.#buffer.length - at, at);
      at += bytes;
      if (bytes === 0 || at === this.#buffer.length) return at;
    }
  }
}

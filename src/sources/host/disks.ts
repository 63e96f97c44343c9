import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { bound } from '../../model/bound.ts';
import type { Clock } from '../../model/clock.ts';
import type { DiskSpace, HostReader } from './sample.ts';

/** How often the space of file systems is asked for, which changes slowly. */
const DISKS_EVERY_MS = 5_000;
const MOUNTS_MAX = bound('file systems of one sample of a host', 64, 'entries', 'the others are left out');

export interface DisksOptions {
  readonly reader: Pick<HostReader, 'mountPoints'>;
  /** Where the file systems of the host are mounted. */
  readonly root: string;
  readonly clock: Pick<Clock, 'elapsed'>;
}

/** The space of the file systems of a host. A file system that does not answer, as one of a lost server, delays nothing. */
export class Disks {
  readonly #options: DisksOptions;
  readonly #known = new Map<string, DiskSpace>();
  /** Those that have not answered yet, which are not asked again meanwhile. */
  readonly #asked = new Set<string>();
  #mountPoints: readonly string[] = [];
  #readAt = -Infinity;

  constructor(options: DisksOptions) {
    this.#options = options;
  }

  /** What is known now. What is older than some seconds is read again for the next time. */
  get spaces(): readonly DiskSpace[] {
    return this.#mountPoints.flatMap((point) => this.#known.get(point) ?? []);
  }

  /** Reads them where that is due. Resolves once all have answered. @throws Error where mounts cannot be read */
  async refresh(): Promise<void> {
    const { reader, clock } = this.#options;
    const now = clock.elapsed();
    if (now - this.#readAt < DISKS_EVERY_MS) return;
    this.#readAt = now;
    this.#mountPoints = reader.mountPoints().slice(0, MOUNTS_MAX);
    for (const point of this.#known.keys()) if (!this.#mountPoints.includes(point)) this.#known.delete(point);
    await Promise.all(this.#mountPoints.map((point) => this.#ask(point)));
  }

  async #ask(name: string): Promise<void> {
    if (this.#asked.has(name)) return;
    this.#asked.add(name);
    try {
      const found = await statfs(join(this.#options.root, name));
      // Node before 24 does not know the unit of the blocks, and then it is their size in nearly all file systems.
      const unit = (found as Partial<typeof found>).frsize ?? found.bsize;
      const { blocks, bfree, bavail } = found;
      // A file system without blocks, such as one of the kernel, has no space to show.
      if (blocks > 0)
        this.#known.set(name, {
          name,
          totalSpace: blocks * unit,
          availableSpace: bavail * unit,
          usedSpace: (blocks - bfree) * unit,
        });
    } catch {
      // It was unmounted meanwhile, or may not be looked into.
      this.#known.delete(name);
    } finally {
      this.#asked.delete(name);
    }
  }
}

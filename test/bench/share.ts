import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** So short that a server waits for its next turn no longer than it rests between two flushes. */
const PERIOD_US = 10_000;
const ROOT = '/sys/fs/cgroup';
/** Where the first generation of cgroups has its controller of the CPU; the second has one tree for all. */
const CPU_OF_FIRST = join(ROOT, 'cpu');
const GROUP = `belfry-bench-${process.pid}`;

let made = 0;

/** Room for a process that gets this share of a core and no more; Linux only, and only for root. */
export class Share {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** `undefined` where the kernel does not let us. */
  static of(share: number): Share | undefined {
    const isFirst = existsSync(join(CPU_OF_FIRST, 'cpu.cfs_quota_us'));
    const found = new Share(join(isFirst ? CPU_OF_FIRST : ROOT, `${GROUP}-${made++}`));
    const quota = Math.round(share * PERIOD_US);
    try {
      mkdirSync(found.#directory);
      if (isFirst) {
        found.#write('cpu.cfs_period_us', PERIOD_US);
        found.#write('cpu.cfs_quota_us', quota);
      } else found.#write('cpu.max', `${quota} ${PERIOD_US}`);
      return found;
    } catch {
      found.end();
      return undefined;
    }
  }

  /** With all threads that it has, and those to come. */
  take(pid: number): void {
    this.#write('cgroup.procs', pid);
  }

  /** To be called when its process is gone. */
  end(): void {
    try {
      rmdirSync(this.#directory);
    } catch {
      // It was never made, or a process that ends still holds it; an empty group costs nothing.
    }
  }

  #write(file: string, value: string | number): void {
    writeFileSync(join(this.#directory, file), String(value));
  }
}

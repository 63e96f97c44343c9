import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { exactPattern } from '../../model/exact-pattern.ts';
import type { SourceContext } from '../source.ts';
import { Disks } from './disks.ts';
import { OsReader } from './os-reader.ts';
import { ProcReader } from './proc-reader.ts';
import { sampleOf, type HostReader, type HostReading, type HostSample } from './sample.ts';

/** The first sample comes this long after somebody begins to look; it takes two readings to know the usage of the cores. */
const FIRST_WAIT_MS = 250;
const PART = 'samples';

export interface HostOptions {
  /** The key of the events. */
  readonly key: string;
  readonly proc: string;
  readonly sys: string;
  /** Where the file systems of the host are. */
  readonly root: string;
  /** How often a sample is taken while somebody looks, in milliseconds. */
  readonly every: number;
}

/** Publishes samples of a host while somebody looks at them. @throws Error where the host does not let itself be read */
export async function hostSource(context: SourceContext, options: HostOptions): Promise<void> {
  const { publisher, demand, signal } = context;
  const topic = { type: 'metrics', action: 'sample', key: options.key };
  const reader = readerOf(options);
  const unit = publisher.unit('samples', {
    patterns: [exactPattern(topic.type, topic.action, topic.key)],
    whenFull: 'newest',
  });
  const sampler = new Sampler(context, options, reader, (object, time) =>
    unit.publish({ ...topic, object, time, at: time }),
  );
  const unwatch = demand.watch(topic, { begin: () => sampler.begin(), end: () => sampler.end() });
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve());
  if (!signal.aborted) await stopped;
  unwatch();
  sampler.end();
  reader.close();
}

function readerOf({ proc, sys }: HostOptions): HostReader {
  return existsSync(join(proc, 'stat')) ? new ProcReader({ proc, sys }) : new OsReader();
}

/** Takes samples in even steps from its begin to its end. */
class Sampler {
  readonly #context: Pick<SourceContext, 'clock' | 'health' | 'note'>;
  readonly #everyMs: number;
  readonly #reader: HostReader;
  readonly #publish: (sample: HostSample, time: string) => Promise<void>;
  readonly #disks: Disks;
  #before: HostReading | undefined;
  #cancel: (() => void) | undefined;
  #dueAt = 0;
  #wasToldOf = '';

  constructor(
    context: SourceContext,
    { every, root }: HostOptions,
    reader: HostReader,
    publish: (sample: HostSample, time: string) => Promise<void>,
  ) {
    this.#context = context;
    this.#everyMs = every;
    this.#reader = reader;
    this.#publish = publish;
    this.#disks = new Disks({ reader, root, clock: context.clock });
    context.health.caughtUp(PART);
  }

  begin(): void {
    const { clock } = this.#context;
    if (this.#cancel !== undefined) return;
    this.#attempt(() => {
      this.#before = this.#reader.read();
    });
    void this.#refreshDisks();
    this.#dueAt = clock.elapsed() + FIRST_WAIT_MS;
    this.#wait();
  }

  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #wait(): void {
    const { clock } = this.#context;
    this.#cancel = clock.after(Math.max(0, this.#dueAt - clock.elapsed()), () => {
      this.#attempt(() => this.#sample());
      // A host that slept takes no samples of the time that is over.
      this.#dueAt = Math.max(this.#dueAt, clock.elapsed() - this.#everyMs) + this.#everyMs;
      this.#wait();
    });
  }

  #sample(): void {
    const now = this.#context.clock.now();
    const reading = this.#reader.read();
    const sample = sampleOf(this.#before ?? reading, reading, this.#disks.spaces, now);
    this.#before = reading;
    void this.#publish(sample, new Date(now).toISOString());
    void this.#refreshDisks();
  }

  async #refreshDisks(): Promise<void> {
    try {
      await this.#disks.refresh();
    } catch (error) {
      this.#tell(error);
    }
  }

  #attempt(run: () => void): void {
    try {
      run();
      this.#context.health.caughtUp(PART);
    } catch (error) {
      this.#tell(error);
    }
  }

  /** The same fault comes with each sample, and is told once. */
  #tell(error: unknown): void {
    const { health, note } = this.#context;
    const { message } = error as Error;
    health.behind(PART, `The host cannot be read: ${message}`);
    if (message !== this.#wasToldOf) note(`the host cannot be read: ${message}`);
    this.#wasToldOf = message;
  }
}

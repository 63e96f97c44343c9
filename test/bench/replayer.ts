import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from './entries.ts';
import { Program, programInC } from './native.ts';
import { temporaryDirectory } from './processes.ts';
import type { PublisherHandlers } from './publisher-process.ts';
import type { Replayed, ReplayOptions } from './replay.ts';
import type { Remote } from './rpc.ts';

/** A process that sends the request of an entry point again and again. */
export interface Replayer {
  readonly child: ChildProcess;
  /** Each of the entries gets connections of its own. */
  open(entries: readonly Entry[]): Promise<unknown>;
  /** Sends requests as the options say, and then one other request. */
  replay(options: ReplayOptions, last: string): Promise<Replayed>;
}

/** The client in C where there is a compiler, or else the publisher in Node. */
export function startReplayer(core: number, publisher: Remote<PublisherHandlers>): Replayer {
  const file = programInC('replay');
  if (file !== undefined) return new NativeReplayer(core, file);
  return {
    child: publisher.child,
    open: (entries) => publisher.ask('openEntries', entries),
    replay: (options, last) => publisher.ask('replay', { ...options, last }),
  };
}

export class NativeReplayer implements Replayer {
  readonly #program: Program;
  readonly #directory = temporaryDirectory();

  constructor(core: number, file: string) {
    this.#program = new Program(core, file);
  }

  get child(): ChildProcess {
    return this.#program.child;
  }

  async open(entries: readonly Entry[]): Promise<void> {
    for (const { port, connections, window, protocol, handshake = '', request } of entries) {
      const files = [this.#written('handshake', handshake), this.#written('request', request)];
      await this.#program.ask(['open', port, connections, window, protocol, ...files].join(' '));
    }
  }

  async replay({ requests, ms, rate = 0 }: ReplayOptions, last: string): Promise<Replayed> {
    const replayed = await this.#program.ask<Replayed>(`run ${requests} ${ms} ${rate}`);
    await this.#program.ask(`once ${this.#written('last', last)}`);
    return replayed;
  }

  #written(name: string, bytes: string): string {
    const file = join(this.#directory, name);
    writeFileSync(file, bytes, 'latin1');
    return file;
  }
}

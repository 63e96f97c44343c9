import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FleetReport } from '../../src/clients/load/fleet.ts';
import { NativeLoad } from './load-native.ts';
import { programInC } from './native.ts';
import type { LoadHandlers } from './load-process.ts';
import type { Connected, ConnectOptions, LoadClient, SettleOptions } from './load.ts';
import { LOAD_CORE, start } from './processes.ts';
import { Remote } from './rpc.ts';
import type { Scenario } from './scenarios.ts';

const PROCESS = fileURLToPath(new URL('load-process.ts', import.meta.url));

/** The client in C where there is a compiler and it can do what the scenario needs, or else the one in Node. */
export function startLoad({ groups, tls }: Scenario): LoadClient {
  const isPlain = tls === undefined && groups.every(({ deflate }) => deflate !== true);
  const file = isPlain ? programInC('main') : undefined;
  if (file === undefined && groups.some(({ dialect }) => dialect === 'event stream'))
    throw new Error('Event streams need the load client in C, and no C compiler is on the PATH.');
  return file === undefined ? new NodeLoad() : new NativeLoad(file);
}

class NodeLoad implements LoadClient {
  readonly #remote = new Remote<LoadHandlers>(
    start(LOAD_CORE, [process.execPath, PROCESS], { speaks: 'ipc' }),
  );

  get child(): ChildProcess {
    return this.#remote.child;
  }

  connect(options: ConnectOptions): Promise<Connected> {
    return this.#remote.ask('connect', options);
  }

  clear(): Promise<void> {
    return this.#remote.ask('clear', undefined);
  }

  settle(options: SettleOptions): Promise<number> {
    return this.#remote.ask('settle', options);
  }

  report(): Promise<FleetReport> {
    return this.#remote.ask('report', undefined);
  }
}

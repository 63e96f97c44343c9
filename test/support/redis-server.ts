import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const STARTS_WITHIN_MS = 15_000;

/** The `redis-server` on the PATH, if any. */
export function findRedisServer(): string | undefined {
  const names = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((directory) => join(directory, 'redis-server'));
  return names.find((name) => {
    try {
      accessSync(name, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Stops the process as an administrator does. A Redis that keeps its data writes it first. */
  stop(): Promise<void>;
  /** Ends the process as a power cut does. */
  kill(): Promise<void>;
  /** Starts the process again after {@link stop} or {@link kill}, on the same port and with the data that was kept. */
  restart(): Promise<void>;
  /** Suspends the process without closing a socket, so that Redis hangs. */
  freeze(): void;
  thaw(): void;
  /** Ends the process and removes its data. */
  dispose(): Promise<void>;
}

export interface RedisServerOptions {
  /** Whether the data survives a stop or a kill. */
  readonly keeps?: boolean;
  /** More arguments for the command line. */
  readonly args?: readonly string[];
  /** The lines of a configuration that make this process a Sentinel. */
  readonly sentinel?: readonly string[];
}

/** Starts a Redis on a free port, in a directory of its own. The caller disposes of it. */
export async function spawnRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const server = findRedisServer();
  if (server === undefined)
    throw new Error('There is no redis-server on the PATH. Install it (7.0 or later).');
  const directory = await mkdtemp(join(tmpdir(), 'belfry-redis-'));
  const port = await freePort();
  const args = await argumentsFor(options, port, directory);
  let child = await start(server, args, port);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return child.pid ?? 0;
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    restart: async () => {
      child = await start(server, args, port);
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    dispose: async () => {
      await end('SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function argumentsFor(
  { keeps = false, args = [], sentinel }: RedisServerOptions,
  port: number,
  directory: string,
): Promise<string[]> {
  const common = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory];
  if (sentinel === undefined) {
    const kept = ['--save', '', '--appendonly', keeps ? 'yes' : 'no', '--appendfsync', 'always'];
    return [...common, ...kept, ...args];
  }
  const file = join(directory, 'sentinel.conf');
  await writeFile(file, sentinel.map((line) => `${line}\n`).join(''));
  return [file, '--sentinel', ...common];
}

async function start(server: string, args: readonly string[], port: number): Promise<ChildProcess> {
  // A write beyond the limit of a file should fail as on a full disk, instead of ending the process.
  const script = 'trap "" XFSZ; exec "$0" "$@"';
  const child = spawn('/bin/sh', ['-c', script, server, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  try {
    await until(`redis-server on port ${port}`, async () => {
      if (child.exitCode !== null) throw new Error('It ended.');
      return answers(port);
    });
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`redis-server did not start on port ${port}:\n${output}`, { cause: error });
  }
  child.stdout.removeAllListeners('data').resume();
  return child;
}

/** Whether Redis answers a PING, which it refuses while it loads its data. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.write('PING\r\n');
    const [answer] = (await once(socket, 'data', { signal: AbortSignal.timeout(1_000) })) as [Buffer];
    return answer.toString().startsWith('+PONG');
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Waits for a condition. The function exists because there is no `expect.poll` outside of tests. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + STARTS_WITHIN_MS;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`waited ${STARTS_WITHIN_MS} ms for ${what}`);
    await sleep(20);
  }
}

/** Below the ports that a system gives to sockets that ask for none, so that no such socket takes it meanwhile. */
const FIRST_PORT = 10_000;
const PORTS = 20_000;

/** A port on which nothing listens now. It is drawn at random, so that two tests hardly ever get the same one. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + randomInt(PORTS);
    const listener = createServer().listen(port, '127.0.0.1');
    const isFree = await once(listener, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    listener.close();
    await once(listener, 'close');
    return port;
  }
}

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { fixedTimeOf } from '../../src/sources/docker/engine-time.ts';

const FIXTURES = new URL('../fixtures/docker/', import.meta.url);
const NOTHING = Buffer.alloc(0);
const STREAMS = { stdout: 1, stderr: 2 };

/** What a real engine (20.10) sent, as it was recorded. */
export const recorded = (name: string): Buffer => readFileSync(new URL(name, FIXTURES));
const recordedJson = (name: string): Record<string, unknown> =>
  JSON.parse(recorded(name).toString()) as Record<string, unknown>;

interface Entry {
  readonly nanos: bigint;
  readonly stream: keyof typeof STREAMS;
  readonly text: string;
}

interface Open {
  readonly response: ServerResponse;
  readonly path: string;
}

/** A container of the engine of a test. */
export class TestContainer {
  readonly id = randomBytes(32).toString('hex');
  readonly created = new Date().toISOString();
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly hasTerminal: boolean;
  /** `json-file` can be read, `none` cannot. */
  readonly driver: string;
  readonly entries: Entry[] = [];
  state = 'running';
  exitCode = 0;
  readonly #engine: DockerEngine;

  constructor(
    engine: DockerEngine,
    name: string,
    { labels = {}, hasTerminal = false, driver = 'json-file' },
  ) {
    this.#engine = engine;
    this.name = name;
    this.labels = labels;
    this.hasTerminal = hasTerminal;
    this.driver = driver;
  }

  /** Writes lines, at one time where `together` says so. */
  write(
    lines: readonly string[],
    { stream = 'stdout', together = false }: { stream?: Entry['stream']; together?: boolean } = {},
  ): void {
    let nanos = this.#engine.nanos();
    for (const text of lines) {
      const entry = { nanos, stream, text: `${text}\n` };
      this.entries.push(entry);
      this.#engine.wrote(this, entry);
      if (!together) nanos = this.#engine.nanos();
    }
  }

  stop(exitCode = 0): void {
    this.state = 'exited';
    this.exitCode = exitCode;
    this.#engine.endStreams(`/containers/${this.id}/`);
    this.#engine.tell(this, 'die', { exitCode: String(exitCode) });
  }

  start(): void {
    this.state = 'running';
    this.#engine.tell(this, 'start');
  }

  remove(): void {
    this.#engine.containers.delete(this);
    this.#engine.endStreams(`/containers/${this.id}/`);
    this.#engine.tell(this, 'destroy');
  }
}

/** An engine that speaks as a real one was recorded, on a socket of its own. It ends with the test. */
export class DockerEngine {
  readonly containers = new Set<TestContainer>();
  /** What was asked for, with its query. */
  readonly requests: string[] = [];
  readonly address: string;
  readonly #socket: string;
  readonly #open = new Set<Open>();
  #events: { readonly nanos: bigint; readonly text: string }[] = [];
  #server: Server | undefined;
  #last = 0n;

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), 'belfry-docker-'));
    this.#socket = join(folder, 'docker.sock');
    this.address = `unix://${this.#socket}`;
    onTestFinished(() => {
      this.stop();
      rmSync(folder, { recursive: true });
    });
  }

  static async start(): Promise<DockerEngine> {
    const engine = new DockerEngine();
    await engine.listen();
    return engine;
  }

  async listen(): Promise<void> {
    this.#server = createServer((request, response) => this.#answer(request.url ?? '', response));
    this.#server.listen(this.#socket);
    await once(this.#server, 'listening');
  }

  /** Ends as a process does: all connections are cut, and nothing of the events is kept. */
  stop(): void {
    this.#events = [];
    this.#open.clear();
    this.#server?.closeAllConnections();
    this.#server?.close();
  }

  run(name: string, options: ConstructorParameters<typeof TestContainer>[2] = {}): TestContainer {
    const container = new TestContainer(this, name, options);
    this.containers.add(container);
    this.tell(container, 'start');
    return container;
  }

  /** Streams that are open, by the last part of their path. */
  streams(kind: 'logs' | 'stats' | 'events'): number {
    return Array.from(this.#open).filter(({ path }) => path.endsWith(`/${kind}`)).length;
  }

  /** A time in nanoseconds, later than all before. */
  nanos(): bigint {
    const now = BigInt(Date.now()) * 1_000_000n;
    return (this.#last = now > this.#last ? now : this.#last + 1n);
  }

  tell({ id, name, labels }: TestContainer, Action: string, more: object = {}): void {
    const nanos = this.nanos();
    const { timeNano: _, ...event } = recordedEvent();
    const Actor = { ID: id, Attributes: { ...labels, name, image: 'debian:local', ...more } };
    const text = JSON.stringify({
      ...event,
      id,
      status: Action,
      Action,
      Actor,
      time: Number(nanos / 1_000_000_000n),
    });
    const exact = `${text.slice(0, -1)},"timeNano":${nanos}}\n`;
    this.#events.push({ nanos, text: exact });
    for (const { response, path } of this.#open) if (path === '/events') response.write(exact);
  }

  wrote({ id, hasTerminal }: TestContainer, entry: Entry): void {
    for (const { response, path } of this.#open)
      if (path === `/containers/${id}/logs`) response.write(bytesOf(entry, hasTerminal));
  }

  endStreams(prefix: string): void {
    for (const open of this.#open) {
      if (!open.path.startsWith(prefix)) continue;
      this.#open.delete(open);
      open.response.end();
    }
  }

  #answer(url: string, response: ServerResponse): void {
    this.requests.push(url);
    const { pathname: path, searchParams: query } = new URL(url, 'http://docker');
    if (path === '/events') {
      const since = query.get('since');
      this.#stream(path, response);
      const from = since === null ? this.nanos() : nanosOf(since);
      for (const { nanos, text } of this.#events) if (nanos >= from) response.write(text);
      return;
    }
    if (path === '/containers/json')
      return answer(
        response,
        200,
        Array.from(this.containers, (container) => listed(container)),
      );
    const [, id, what] = /^\/containers\/(\w+)\/(json|logs|stats)$/.exec(path) ?? [];
    const container = Array.from(this.containers).find((each) => each.id === id);
    if (container === undefined) return answer(response, 404, { message: `No such container: ${id}` });
    if (what === 'json') return answer(response, 200, inspected(container));
    if (what === 'stats') {
      this.#stream(path, response);
      return void response.write(recorded('stats.jsonl'));
    }
    if (container.driver === 'none')
      return answer(response, 501, { message: 'configured logging driver does not support reading' });
    this.#log(container, path, query, response);
  }

  #log(container: TestContainer, path: string, query: URLSearchParams, response: ServerResponse): void {
    const since = nanosOf(query.get('since') ?? '0');
    const tail = Number(query.get('tail') ?? container.entries.length);
    const found = container.entries.slice(-tail).filter(({ nanos }) => nanos >= since);
    const bytes = Buffer.concat(found.map((entry) => bytesOf(entry, container.hasTerminal)));
    if (query.get('follow') !== 'true' || container.state !== 'running') return void response.end(bytes);
    this.#stream(path, response);
    response.write(bytes.length === 0 ? NOTHING : bytes);
  }

  #stream(path: string, response: ServerResponse): void {
    const open = { path, response };
    this.#open.add(open);
    response.on('close', () => this.#open.delete(open));
    response.flushHeaders();
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

function recordedEvent(): Record<string, unknown> {
  return JSON.parse(recorded('events.jsonl').toString().split('\n')[0] ?? '') as Record<string, unknown>;
}

function listed({ id, name, labels, state, exitCode }: TestContainer): object {
  const Status = state === 'exited' ? `Exited (${exitCode}) 1 second ago` : 'Up 1 second';
  const [found] = recordedJson('list.json') as unknown as [object];
  return { ...found, Id: id, Names: [`/${name}`], Labels: labels, State: state, Status };
}

function inspected({ id, name, labels, state, exitCode, created, hasTerminal }: TestContainer): object {
  const { State, Config, ...rest } = recordedJson('inspect.json') as { State: object; Config: object };
  return {
    ...rest,
    Id: id,
    Name: `/${name}`,
    Created: created,
    State: { ...State, Status: state, ExitCode: exitCode },
    Config: { ...Config, Labels: labels, Tty: hasTerminal },
  };
}

/** Seconds and nanoseconds, as in `since`. */
function nanosOf(since: string): bigint {
  const [seconds = '0', fraction = ''] = since.split('.');
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
}

function bytesOf({ nanos, stream, text }: Entry, hasTerminal: boolean): Buffer {
  const time = fixedTimeOf(Number(nanos / 1_000_000_000n), String(nanos % 1_000_000_000n).padStart(9, '0'));
  const line = Buffer.from(`${time} ${hasTerminal ? text.replace('\n', '\r\n') : text}`);
  if (hasTerminal) return line;
  const header = Buffer.alloc(8);
  header.writeUInt8(STREAMS[stream], 0);
  header.writeUInt32BE(line.length, 4);
  return Buffer.concat([header, line]);
}

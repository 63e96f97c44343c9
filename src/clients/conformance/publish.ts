import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { Redis } from 'ioredis';
import type { Caused } from './client-form.ts';
import { Skipped } from './outcome.ts';

/** An event, and the text that publishers of its system write for it. */
export interface Written {
  readonly event: Caused;
  readonly body: object;
}

/** A way to cause events on the server. @throws Skipped where it does not work */
export interface Publisher {
  /** What it is, for the report: `POST http://…`. */
  readonly name: string;
  publish(events: readonly Written[]): Promise<void>;
  close(): void;
}

const JSON_TYPE = 'application/json';

/** Posts events to a URL: as a list, and one by one to a server that takes no lists. */
export class HttpPublisher implements Publisher {
  readonly name: string;
  readonly #url: URL;
  readonly #fetch: typeof fetch;
  #takesLists = true;

  constructor(url: URL, fetcher: typeof fetch) {
    this.name = `POST ${url.origin}${url.pathname}`;
    this.#url = url;
    this.#fetch = fetcher;
  }

  async publish(events: readonly Written[]): Promise<void> {
    const bodies = events.map(({ body }) => body);
    if (bodies.length > 1 && this.#takesLists) {
      if ((await this.#post(bodies)) === undefined) return;
      this.#takesLists = false;
    }
    for (const body of bodies) {
      const fault = await this.#post(body);
      if (fault !== undefined) throw new Skipped(`no event could be published: ${this.name} ${fault}`);
    }
  }

  close(): void {}

  /** Why it was not accepted. A page of a site that answers everything is no acceptance. */
  async #post(body: object): Promise<string | undefined> {
    const headers = { 'Content-Type': JSON_TYPE };
    let response: Response;
    try {
      response = await this.#fetch(this.#url, { method: 'POST', headers, body: JSON.stringify(body) });
    } catch (error) {
      return `failed with ${error instanceof Error ? error.message : String(error)}`;
    }
    const { status, ok } = response;
    const said = await response.text();
    const isPage = said !== '' && (response.headers.get('Content-Type') ?? '').includes('text/html');
    if (ok && !isPage) return undefined;
    return `answered ${status}${isPage ? ' with a page' : ` ${said.slice(0, 200)}`.trimEnd()}`;
  }
}

/** Adds events to the ingress of a hub in Redis. */
export class RedisPublisher implements Publisher {
  readonly name: string;
  readonly #url: URL;
  #client: Promise<Redis> | undefined;

  constructor(url: URL) {
    this.name = `XADD ${url.host} {belfry}:ingress`;
    this.#url = url;
  }

  async publish(events: readonly Written[]): Promise<void> {
    try {
      const client = await (this.#client ??= this.#connect());
      const added = events.map(({ body }) =>
        client.xadd('{belfry}:ingress', '*', 'event', JSON.stringify(body)),
      );
      await Promise.all(added);
    } catch (error) {
      throw new Skipped(`no event could be published: ${this.name} failed with ${String(error)}`, {
        cause: error,
      });
    }
  }

  close(): void {
    void this.#client?.then(
      (client) => client.disconnect(),
      () => undefined,
    );
  }

  async #connect(): Promise<Redis> {
    const { Redis: Client } = await import('ioredis');
    const client = new Client(this.#url.href, { lazyConnect: true, retryStrategy: () => null });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }
}

/** Runs a command of the shell for each event, which reads the event from standard input. */
export class CommandPublisher implements Publisher {
  readonly name: string;
  readonly #command: string;

  constructor(command: string) {
    this.name = `the command ${command}`;
    this.#command = command;
  }

  async publish(events: readonly Written[]): Promise<void> {
    for (const event of events) await this.#run(event);
  }

  close(): void {}

  async #run({ event, body }: Written): Promise<void> {
    const { type, action, key, object } = event;
    const child = spawn(this.#command, {
      shell: true,
      stdio: ['pipe', 'ignore', 'pipe'],
      env: {
        ...process.env,
        EVENT_TYPE: type,
        EVENT_ACTION: action,
        EVENT_KEY: key,
        EVENT_OBJECT: JSON.stringify(object),
      },
    });
    // A command that needs no more than its variables may end before it is told the rest.
    child.stdin.on('error', () => undefined);
    child.stdin.end(JSON.stringify(body));
    const said = text(child.stderr);
    const code = await new Promise<string>((resolve) => {
      child.on('error', ({ message }) => resolve(message));
      child.on('close', (status, signal) => resolve(String(status ?? signal)));
    });
    if (code === '0') return;
    const [line = ''] = (await said).split('\n');
    throw new Skipped(`the command that publishes ended with ${code} for ${type}.${action}: ${line}`);
  }
}

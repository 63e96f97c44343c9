import { randomBytes } from 'node:crypto';
import { nodeFetch } from '../cli/node-fetch.ts';
import type { Caused, ClientForm } from './client-form.ts';
import { Failed, Skipped } from './outcome.ts';
import type { Publisher } from './publish.ts';
import { openSocket, Socket, type Refused } from './socket.ts';
import type { Time } from './time.ts';
import type { Claims, TokenMaker } from './tokens.ts';
import { Transcript } from './transcript.ts';

/** The server that is checked, and what the user gave for it. */
export interface Server {
  /** `http(s)://…/`, with the path under which the server is, and a slash at its end. */
  readonly base: URL;
  /** A path that the user wrote behind it, for the sockets whose path is `/ws`. */
  readonly socketPath: string | undefined;
  readonly insecure: boolean;
  readonly token: string | undefined;
  /** The header of HTTP that carries the token. */
  readonly authorization: Readonly<Record<string, string>>;
  readonly tokens: TokenMaker | undefined;
  readonly publisher: Publisher;
  readonly origin: string | undefined;
  /** An app and a deployment of Mist that exist. */
  readonly app: string | undefined;
  readonly deployment: string | undefined;
  /** How long an answer or an event may take, in milliseconds. */
  readonly patienceMs: number;
  readonly time: Time;
}

/** How a check opens a socket, where not as a client of this system does. */
export interface How {
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** A token instead of that of the user; `null` for none. */
  readonly token?: string | null;
  readonly protocols?: readonly string[];
  readonly answersPings?: boolean;
  readonly deflate?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** The beginning of all names that checks make. */
export const NAME = 'conformance-';

/** What one check does with the server. Everything that it opened is closed when the check ends. */
export class Subject {
  readonly server: Server;
  readonly form: ClientForm;
  readonly transcript = new Transcript();
  readonly sockets: Socket[] = [];
  /** Where `/ws` of this dialect is. */
  readonly #entry: string;

  constructor(server: Server, form: ClientForm, entry: string) {
    this.server = server;
    this.form = form;
    this.#entry = entry;
  }

  get time(): Time {
    return this.server.time;
  }

  /** A name that nobody else has, for a key or a type. */
  name(): string {
    return `${NAME}${randomBytes(6).toString('hex')}`;
  }

  /** An id that nobody else has, for systems whose ids are numbers. */
  id(): string {
    return String(randomBytes(6).readUIntBE(0, 6) + 2 ** 40);
  }

  /** A token with other claims than the usual ones. @throws Skipped where there is no secret */
  mint(claims: Claims, ttlS?: number): string {
    if (this.server.tokens === undefined) throw new Skipped('no secret was given: --secret-file');
    return this.server.tokens.make(claims, ttlS);
  }

  /** A token of somebody who may do everything. @throws Skipped */
  get token(): string {
    const { token, tokens } = this.server;
    const usable = token ?? tokens?.make();
    if (usable === undefined) throw new Skipped('no token was given: --token');
    return usable;
  }

  /** Opens a socket, or says what the server answered instead. @throws Failed when nobody answers */
  async attempt(path = '/ws', how: How = {}): Promise<Socket | Refused> {
    const { server, form, transcript } = this;
    const token =
      how.token === undefined ? (server.token ?? server.tokens?.make()) : (how.token ?? undefined);
    const { headers = {}, query = {} } = token === undefined ? {} : form.credentials(token);
    const url = new URL(`.${path === '/ws' ? this.#entry : path}`, server.base);
    const asked = Object.entries({ ...how.query });
    for (const [name, value] of [...asked, ...Object.entries(query)]) url.searchParams.set(name, value);
    const shown = `${url.pathname}${asked.length === 0 ? '' : `?${new URLSearchParams(asked).toString()}`}`;
    const said = Object.entries({ ...how.headers }).filter(([name]) =>
      /^(?:origin|sec-websocket)/i.test(name),
    );
    transcript.sent(
      [
        `upgrade ${shown}`,
        token === undefined ? 'without credentials' : `with a token`,
        ...said.map(([name, value]) => `${name}: ${value}`),
      ].join(', '),
    );
    const opened = await openSocket(
      url,
      path,
      {
        headers: { ...headers, ...how.headers },
        insecure: server.insecure,
        ...(how.protocols && { protocols: how.protocols }),
        ...(how.answersPings !== undefined && { answersPings: how.answersPings }),
        ...(how.deflate !== undefined && { deflate: how.deflate }),
      },
      { time: server.time, patienceMs: server.patienceMs, transcript },
    );
    if (opened instanceof Socket) {
      transcript.came('101, the socket is open');
      this.sockets.push(opened);
    } else transcript.came(`${opened.status} ${opened.body}`.trimEnd());
    return opened;
  }

  /** @throws Failed unless the socket opens */
  async open(path = '/ws', how: How = {}): Promise<Socket> {
    const opened = await this.attempt(path, how);
    if (opened instanceof Socket) return opened;
    throw new Failed(`an open socket at ${path}, not ${opened.status}`);
  }

  /** @throws Failed if the socket opens */
  async refused(path: string, how: How, expected: string): Promise<Refused> {
    const refused = await this.attempt(path, how);
    if (!(refused instanceof Socket)) return refused;
    throw new Failed(`${expected}, and no open socket`);
  }

  /** Causes events, in this order. @throws Skipped where the server offers no way */
  async publish(...events: readonly Caused[]): Promise<void> {
    const { publisher } = this.server;
    const written = events.map((event) => ({ event, body: this.form.event(event) }));
    for (const { body } of written) this.transcript.sent(`${publisher.name}: ${JSON.stringify(body)}`);
    await publisher.publish(written);
  }

  /** Asks by HTTP, with the token unless `anonymous`. @throws Failed when nobody answers */
  async ask(
    method: string,
    path: string,
    init: { readonly body?: object; readonly anonymous?: boolean; readonly authorization?: string } = {},
  ): Promise<Answer> {
    const { insecure, authorization, base } = this.server;
    const own = init.authorization === undefined ? authorization : { Authorization: init.authorization };
    const headers = init.anonymous === true ? {} : own;
    this.transcript.sent(
      `${method} ${path}${init.body === undefined ? '' : ` ${JSON.stringify(init.body)}`}`,
    );
    try {
      const response = await nodeFetch({ ...headers }, insecure)(new URL(`.${path}`, base), {
        method,
        signal: AbortSignal.timeout(this.server.patienceMs),
        ...(init.body && {
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify(init.body),
        }),
      });
      const text = await response.text();
      this.transcript.came(`${response.status} ${text}`.trimEnd());
      return { status: response.status, headers: response.headers, text };
    } catch (error) {
      throw new Failed(`an answer to ${method} ${path}, and got: ${String(error)}`, { cause: error });
    }
  }

  close(): void {
    for (const socket of this.sockets) socket.close();
  }
}

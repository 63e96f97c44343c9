import { CLOSE } from '../../model/close-codes.ts';
import { HubError } from '../sdk/errors.ts';
import { systemEnvironment, type Environment, type SocketClass } from '../sdk/environment.ts';
import { ask, send, type Caller } from '../sdk/http.ts';
import { Hub } from '../sdk/hub.ts';
import type { Item } from '../sdk/item.ts';
import type { ListenOptions } from '../sdk/listener.ts';
import { CommandError, exitOf } from './errors.ts';
import { nodeFetch } from './node-fetch.ts';
import { nextOf } from './next-page.ts';
import { nodeSocket } from './node-socket.ts';
import type { Note } from './output.ts';
import { authorization, isPassword, targetOf, type Target, type TargetOptions } from './target.ts';
import { TokenCommand } from './token-command.ts';
import { unreachable } from './unreachable.ts';

export type AskOptions = NonNullable<Parameters<typeof ask>[2]>;

interface PublishRequest {
  readonly query?: string;
  readonly signal?: AbortSignal;
  /** The events are accepted only while this lease is held under this fence. */
  readonly lease?: { readonly name: string; readonly fence: number };
}

/** After this many failed attempts to connect, a command says that the address may be wrong. */
const FAILURES_BEFORE_HINT = 3;

/** All that the hub says of a wrong password, since clients of Digital Rebar Provision expect these words. */
const ACCESS_DENIED = 'Access Denied';
const PASSWORD_WRONG =
  'The user is unknown or the password is wrong. Expected name:password of a user of the hub.';

const TOKEN_REFUSED = /^(?:token_invalid|session_ended|credentials_)/;

/** The hub of one command: the client of the SDK, and what a program of Node knows beyond a page. */
export class Session {
  readonly target: Target;
  readonly hub: Hub;
  readonly #environment: Environment;
  /** The fault that ends the command. */
  #fatal: Error | undefined;
  /** Why the last attempt to connect failed. The client does not know it, since no browser tells. */
  #fault = '';
  #wasOpen = false;
  #gotToken = false;

  constructor(target: Target, socket: SocketClass, basic: Readonly<Record<string, string>>) {
    this.target = target;
    this.#environment = {
      ...systemEnvironment(),
      fetch: nodeFetch(basic, target.insecure),
      WebSocket: socket,
    };
    const { token } = target;
    const source = token instanceof TokenCommand ? () => this.#renewed(token) : token;
    const options = source === undefined || isPassword(token) ? {} : { token: source };
    this.hub = new Hub(target.base, options, this.#environment);
    this.hub.onState(({ status, reason }) => {
      this.#wasOpen ||= status === 'open';
      if (reason?.code === CLOSE.tokenExpired.code && token instanceof TokenCommand) token.forget();
    });
  }

  /** Whether a hub has accepted a connection so far. */
  get wasOpen(): boolean {
    return this.#wasOpen;
  }

  /** Asks the hub by HTTP. @throws HubError */
  async ask(path: string, init: AskOptions = {}): Promise<Response> {
    try {
      return await ask(await this.#caller(), path, init);
    } catch (error) {
      const { token } = this.target;
      if (!(token instanceof TokenCommand && error instanceof HubError && TOKEN_REFUSED.test(error.code)))
        throw error;
      token.forget();
      return ask(await this.#caller(), path, init);
    }
  }

  /** The same, but resolves with a refusal as well, for answers of another form than the hub's own. @throws HubError `lost` */
  async send(path: string, init: AskOptions): Promise<Response> {
    const [{ token }, response] = [this.target, await send(await this.#caller(), path, init)];
    if (!(token instanceof TokenCommand) || ![401, 403].includes(response.status)) return response;
    token.forget();
    return send(await this.#caller(), path, init);
  }

  async #caller(): Promise<Caller> {
    const { base, token } = this.target;
    const bearer = isPassword(token) ? undefined : typeof token === 'string' ? token : await token?.get();
    return { environment: this.#environment, base: base.href, token: bearer };
  }

  /** The JSON at a path of the hub, with every digit of its numbers. @throws HubError, CommandError */
  async read<T>(path: string): Promise<T> {
    return (await (await this.ask(path)).json()) as T;
  }

  /** Publishes an event or a list as JSON, and resolves with the ids. Under one key it happens once. @throws HubError */
  async publish(
    body: string,
    key: string | undefined,
    { query = '', signal, lease }: PublishRequest = {},
  ): Promise<string[]> {
    // Node writes the characters of a header as Latin-1, so each byte of the key becomes one character.
    const headers = {
      'Content-Type': 'application/json',
      ...(key !== undefined && { 'Idempotency-Key': Buffer.from(key).toString('latin1') }),
      ...(lease && { 'Belfry-Lease': `${lease.name}; fence=${lease.fence}` }),
    };
    const init = { method: 'POST', headers, body, ...(signal && { signal }) };
    const response = await this.ask(`api/v3/events${query}`, init);
    return (response.headers.get('Belfry-Event-Ids') ?? '').split(',');
  }

  /** The entries of a list, page by page. @throws HubError */
  async *pages<T>(first: string): AsyncGenerator<T, void> {
    for (let path: string | undefined = first; path !== undefined;) {
      const response = await this.ask(path);
      const page: unknown = await response.json();
      // Other answers of the hub stand at paths of the same form.
      if (!Array.isArray(page)) throw new HubError('not_acceptable', 'The hub has no list at this path.');
      yield* page as T[];
      path = nextOf(response);
    }
  }

  /** Events, through all interruptions, until the signal ends it. @throws HubError, CommandError */
  async *listen(patterns: readonly string[], options: ListenOptions): AsyncGenerator<Item, void> {
    yield* this.hub.listen(patterns, options);
    if (this.#fatal !== undefined) throw this.#fatal;
  }

  /** Tells of each connection, and of each that was lost. */
  tellState(note: Note): void {
    let shown: string | undefined;
    this.hub.onState(({ status, attempt, reason, nextAttemptAt = 0 }) => {
      if (status === shown) return;
      shown = status;
      if (status === 'open') note(`connected to ${this.target.base.host}`);
      if (status !== 'waiting') return;
      const why = [reason?.code, reason?.text || this.#fault || 'connection lost'].join(' ');
      note(`disconnected (${why}); again in ${Math.max(0, Math.round(nextAttemptAt - Date.now()))} ms`);
      if (!this.#wasOpen && attempt === FAILURES_BEFORE_HINT)
        note(
          `no hub has answered at ${this.target.base.host} so far. Is it running there? Expected the address of a hub in --url, BELFRY_URL or a context; trying on`,
        );
    });
  }

  /** Ends everything with this error, since another attempt would fail in the same way. */
  fail(error: Error): void {
    this.#fatal ??= error;
    this.hub.close();
  }

  noteFault(fault: string): void {
    this.#fault = fault;
  }

  /** The same fault in the words of the command line. */
  explained(error: unknown): unknown {
    if (!(error instanceof HubError)) return error;
    const { code, message, see, closeCode, cause } = error;
    const exit = exitOf(error);
    if (message === ACCESS_DENIED && isPassword(this.target.token))
      return new CommandError('notPermitted', PASSWORD_WRONG, {
        cause: error,
        see: new URL('docs/reference/errors#password_wrong', this.target.base).href,
      });
    if (exit === 'unreachable') return unreachable(this.target, cause ?? this.#fault);
    const page =
      see ?? (closeCode === undefined ? `/docs/reference/errors#${code}` : '/docs/reference/close-codes');
    const from = this.target.context;
    const whose = exit === 'notPermitted' && from !== undefined ? ` The context "${from}" was used.` : '';
    return new CommandError(exit, message + whose, {
      cause: error,
      see: new URL(page.replace(/^\//, ''), this.target.base).href,
    });
  }

  async #renewed(command: TokenCommand): Promise<string> {
    try {
      const token = await command.get();
      this.#gotToken = true;
      return token;
    } catch (error) {
      if (!this.#gotToken) this.fail(error as Error);
      throw error;
    }
  }
}

/** Runs a command with the hub that its options name. @throws CommandError */
export async function withHub<T>(options: TargetOptions, run: (session: Session) => Promise<T>): Promise<T> {
  const target = targetOf(options);
  const basic = isPassword(target.token) ? await authorization(target.token) : {};
  let session: Session | undefined;
  const socket = await nodeSocket(basic, target.insecure, {
    fault: (text) => session?.noteFault(text),
    refused: (status, body) => session?.fail(upgradeRefused(target, status, body)),
    untrusted: (cause) => session?.fail(unreachable(target, cause)),
  });
  session = new Session(target, socket, basic);
  try {
    return await run(session);
  } catch (error) {
    throw session.explained(error);
  } finally {
    session.hub.close();
  }
}

/** The answer to an upgrade, which is final where the hub would give the same one again. */
function upgradeRefused({ base }: Target, status: number, body: string): Error {
  try {
    const { code, message, see } = JSON.parse(body) as Readonly<Record<string, string | undefined>>;
    if (code !== undefined && message !== undefined) return new HubError(code, message, { see });
  } catch {
    // It was not a hub that answered.
  }
  return new CommandError(
    status === 401 || status === 403 ? 'notPermitted' : 'refused',
    `${base.host} answered with ${status} where a hub would begin to speak. Expected the address of a hub, and a proxy that lets WebSockets through.`,
  );
}

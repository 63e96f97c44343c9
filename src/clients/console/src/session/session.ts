import { connect, HubError, type Hub } from '@belfry/client';
import { ask, type Caller } from '../../../sdk/http.ts';
import { BASE } from './base.ts';
import type { Me } from './me.ts';
import { followTokenLinks, forgetTab, storeToken, takeToken } from './stored-token.ts';
import { isOwnToken, remainingPart } from './token.ts';

/**
 * `checking`: the hub has not yet said who the stored token is. `out`: nobody is signed in. `in`: somebody is. `ended`: the token is
 * not accepted any more; the page stays as it is until somebody signs in again.
 */
export type SessionState =
  | { readonly status: 'checking' }
  | { readonly status: 'out'; readonly error?: Error }
  | { readonly status: 'in' | 'ended'; readonly me: Me };

/** From which part of its life on a token of the hub is replaced by a new one. */
const RENEW_BELOW = 0.4;

/** Who is signed in. It holds the token, and the one connection of the page. */
class Session {
  readonly hub: Hub;
  #state: SessionState = { status: 'checking' };
  #token: string | undefined;
  /** Whether the connection was already given the present token. */
  #given = false;
  /** Those who wait until somebody has signed in again. */
  readonly #waiting = new Set<() => void>();
  readonly #listeners = new Set<() => void>();

  constructor() {
    this.hub = connect(BASE, { token: () => this.#freshToken() });
    this.#token = takeToken();
    followTokenLinks();
    void this.#begin();
  }

  get state(): SessionState {
    return this.#state;
  }

  onChange = (tell: () => void): (() => void) => {
    this.#listeners.add(tell);
    return () => void this.#listeners.delete(tell);
  };

  /**
   * Asks the hub, as the one who is signed in. The path has no slash at its beginning, as in `api/v3/nodes`.
   * @throws HubError the refusal of the hub, or `lost`
   */
  async request(path: string, init: Parameters<typeof ask>[2] = {}): Promise<Response> {
    try {
      return await ask(callerWith(this.#token), path, init);
    } catch (error) {
      if (isSignedOut(error)) this.#end();
      throw error;
    }
  }

  /** @throws HubError `password_wrong`, `attempts_exceeded`, … */
  async signInWithPassword(name: string, password: string): Promise<void> {
    const bytes = new TextEncoder().encode(`${name}:${password}`);
    const credentials = btoa(Array.from(bytes, (byte) => String.fromCodePoint(byte)).join(''));
    const headers = { Authorization: `Basic ${credentials}` };
    const response = await ask(callerWith(undefined), pathOfToken(name), { headers }).catch(sayWhatIsWrong);
    await this.signInWithToken(((await response.json()) as { readonly Token: string }).Token);
  }

  /** @throws HubError `token_invalid`, … */
  async signInWithToken(token: string): Promise<void> {
    const me = await whoIs(token.trim());
    const { state } = this;
    // What is on the page belongs to the one who was signed in.
    if (state.status === 'ended' && state.me.principal !== me.principal) {
      forgetTab();
      storeToken(token.trim());
      location.reload();
      return;
    }
    this.#use(token.trim(), me);
  }

  signOut(): void {
    forgetTab();
    location.reload();
  }

  async #begin(): Promise<void> {
    try {
      this.#use(this.#token, await whoIs(this.#token));
    } catch (error) {
      // Without a token a refusal is no news.
      const said = this.#token !== undefined && error instanceof Error;
      this.#change(said ? { status: 'out', error } : { status: 'out' });
    }
  }

  #use(token: string | undefined, me: Me): void {
    this.#token = token;
    this.#given = false;
    storeToken(token);
    this.#change({ status: 'in', me });
    for (const goOn of this.#waiting) goOn();
    this.#waiting.clear();
  }

  /** The token for the next attempt to connect. While nobody is signed in, the attempt waits. */
  async #freshToken(): Promise<string> {
    const token = this.#token;
    if (token !== undefined && isOwnToken(token) && remainingPart(token, Date.now()) < RENEW_BELOW)
      await this.#renew();
    const refused = this.#given && this.hub.state.reason?.code === 4001;
    this.#given = true;
    if (refused && this.#token === token)
      await whoIs(token).catch((error: unknown) => isSignedOut(error) && this.#end());
    while (this.#state.status !== 'in') await new Promise<void>((goOn) => this.#waiting.add(goOn));
    return this.#token ?? '';
  }

  async #renew(): Promise<void> {
    const { state } = this;
    if (state.status !== 'in') return;
    try {
      const response = await this.request(pathOfToken(state.me.principal.replace(/^user:/, '')));
      this.#token = ((await response.json()) as { readonly Token: string }).Token;
      storeToken(this.#token);
    } catch {
      // A user that the hub does not know has a token from somewhere else. It is used until it ends.
    }
  }

  #end(): void {
    if (this.#state.status === 'in') this.#change({ status: 'ended', me: this.#state.me });
  }

  #change(state: SessionState): void {
    this.#state = state;
    for (const tell of this.#listeners) tell();
  }
}

export const session = new Session();

async function whoIs(token: string | undefined): Promise<Me> {
  return (await (await ask(callerWith(token), 'api/v3/me')).json()) as Me;
}

function callerWith(token: string | undefined): Caller {
  return { environment: { fetch: window.fetch.bind(window) }, base: BASE, token };
}

/** A wrong password is refused in the words of DRP, which do not say what is wrong. */
function sayWhatIsWrong(error: unknown): never {
  if (error instanceof HubError && error.message === 'Access Denied')
    throw new HubError('password_wrong', 'The hub knows no user of this name with this password.', {
      cause: error,
    });
  throw error;
}

function pathOfToken(name: string): string {
  return `api/v3/users/${encodeURIComponent(name)}/token`;
}

function isSignedOut(error: unknown): boolean {
  return error instanceof HubError && /^(token_invalid|session_ended|credentials_missing)$/.test(error.code);
}

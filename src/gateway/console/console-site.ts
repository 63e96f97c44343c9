import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import { BelfryError } from '../../model/errors.ts';
import { setPageHeaders } from '../http/html-page.ts';
import type { BuiltConsole, ConsoleFiles } from './console-files.ts';
import { contentPolicy } from './content-policy.ts';
import { absenceOf, absencePage, scriptOf } from './absence-page.ts';
import type { Build } from './console-build.ts';

const NONCE_BYTES = 16;
/** For how long a browser keeps a file whose content never changes. */
const YEAR_S = 31_536_000;
const HEAD = '<head>';

export interface ConsoleSiteOptions {
  readonly files: Pick<ConsoleFiles, 'current'>;
  /** Whether the console is being built, which is begun now if it was not tried yet. */
  readonly build: () => Promise<Build>;
}

/** The console as a node serves it, or a page that says why there is none. */
export class ConsoleSite {
  readonly #options: ConsoleSiteOptions;

  constructor(options: ConsoleSiteOptions) {
    this.#options = options;
  }

  /** Whether a browser is shown the console, now or as soon as it is built. */
  async isComing(): Promise<boolean> {
    const build = await this.#options.build();
    return build.kind === 'running' || (await this.#shown(build)) !== undefined;
  }

  /** Sends the page. @throws BelfryError `unavailable` or `not_found`, if there is none and the client is no browser */
  async sendPage(request: Request, response: Response): Promise<void> {
    const build = await this.#options.build();
    const built = await this.#shown(build);
    if (built === undefined) return this.#sendAbsence(build, request, response);
    const nonce = randomBytes(NONCE_BYTES).toString('base64');
    response
      .set({ 'Content-Security-Policy': contentPolicy(nonce), 'Cache-Control': 'no-cache' })
      .type('html')
      .send(built.page.replace(HEAD, `${HEAD}\n    <meta property="csp-nonce" nonce="${nonce}" />`));
  }

  /** Sends a file that the page loads. @throws BelfryError `not_found` */
  async sendAsset(request: Request, response: Response, name: string): Promise<void> {
    const built =
      (await this.#options.build()).kind === 'off' ? undefined : await this.#options.files.current();
    const asset = built?.assets.get(name);
    const accepted = new Set([...request.acceptsEncodings(), 'identity']);
    const variant = asset?.variants.find(({ encoding }) => accepted.has(encoding));
    if (asset === undefined || variant === undefined)
      throw new BelfryError('not_found', 'The console has no such file. Expected one that its page loads.');
    const { encoding, body, ETag } = variant;
    // This adds the charset of a text.
    response.type(asset.type).set({
      ETag,
      'Cache-Control': `public, max-age=${YEAR_S}, immutable`,
      // A worker is bound by the policy of its own file.
      'Content-Security-Policy': contentPolicy(),
      Vary: 'Accept-Encoding',
      ...(encoding !== 'identity' && { 'Content-Encoding': encoding }),
    });
    if (request.fresh) response.status(304).end();
    else response.send(body);
  }

  /** What a browser is shown. While the console is built anew, and after that failed, an older one would be misleading. */
  async #shown({ kind }: Build): Promise<BuiltConsole | undefined> {
    return kind === 'none' || kind === 'uninstalled' ? this.#options.files.current() : undefined;
  }

  #sendAbsence(build: Build, request: Request, response: Response): void {
    const absence = absenceOf(build);
    const { code, says, retryAfterS } = absence;
    response.vary('Accept');
    const error = new BelfryError(code, says, { ...(retryAfterS !== undefined && { retryAfterS }) });
    if (!String(request.headers.accept).includes('text/html')) throw error;
    setPageHeaders(response, scriptOf(absence));
    if (error.retryAfterS !== undefined) response.set('Retry-After', `${error.retryAfterS}`);
    response.status(error.status).send(absencePage(absence));
  }
}

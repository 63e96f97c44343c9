import { exec } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { contextsFile } from './contexts.ts';
import { CommandError } from './errors.ts';

/** Somebody may have to sign in. */
const MAX_MS = 300_000;
const MAX_BYTES = 65_536;
/** A token is used for so much of its life, then the command is run again. */
const SHARE_OF_LIFE = 0.75;

interface Kept {
  readonly token: string;
  /** Until when it is used, in milliseconds since 1970. */
  readonly usableUntil: number;
}

/**
 * The token that a command of the shell prints. It is kept in a file that only its owner can read, until most of its life is
 * over, so that not every command has to ask for another one. A token that does not say when it ends is not kept.
 */
export class TokenCommand {
  readonly #command: string;
  readonly #file: string;

  constructor(command: string) {
    this.#command = command;
    const name = createHash('sha256').update(command).digest('hex').slice(0, 32);
    this.#file = join(dirname(contextsFile()), 'tokens', name);
  }

  /** @throws CommandError when the command fails or prints nothing */
  async get(): Promise<string> {
    const kept = this.#kept();
    if (kept !== undefined) return kept;
    const token = await this.#run();
    const end = endOf(token);
    const now = Date.now();
    if (end !== undefined) this.#keep({ token, usableUntil: now + (end - now) * SHARE_OF_LIFE });
    return token;
  }

  /** The hub does not accept the token that is kept. */
  forget(): void {
    this.#keep({ token: '', usableUntil: 0 });
  }

  #kept(): string | undefined {
    try {
      const { token, usableUntil } = JSON.parse(readFileSync(this.#file, 'utf8')) as Kept;
      return Date.now() < usableUntil ? token : undefined;
    } catch {
      return undefined;
    }
  }

  #keep(kept: Kept): void {
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      writeFileSync(this.#file, JSON.stringify(kept), { mode: 0o600 });
    } catch {
      // Where nothing can be kept, the command is run each time.
    }
  }

  async #run(): Promise<string> {
    let token: string;
    try {
      const running = promisify(exec)(this.#command, { timeout: MAX_MS, maxBuffer: MAX_BYTES });
      running.child.stdin?.end();
      running.child.stderr?.pipe(process.stderr);
      token = (await running).stdout.trim();
    } catch (cause) {
      const { code, killed } = cause as { readonly code?: unknown; readonly killed?: boolean };
      const how = killed === true ? 'took too long or printed too much' : `ended with ${String(code)}`;
      throw this.#failed(how, cause);
    }
    if (token === '' || /\s/.test(token)) throw this.#failed('printed no token', undefined);
    return token;
  }

  #failed(how: string, cause: unknown): CommandError {
    return new CommandError(
      'notPermitted',
      `The command for a token ${how}: ${this.#command}. Expected one line with a token on its standard output.`,
      { cause, see: 'command#contexts' },
    );
  }
}

/** When a JWT ends, in milliseconds since 1970. */
function endOf(token: string): number | undefined {
  try {
    const [, claims = ''] = token.split('.');
    const { exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { readonly exp?: unknown };
    return typeof exp === 'number' ? exp * 1_000 : undefined;
  } catch {
    return undefined;
  }
}

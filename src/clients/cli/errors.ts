import type { HubError } from '../sdk/errors.ts';
import { EXIT, type Exit } from './exit-codes.ts';

/** Why a command could not do what it was asked to do. It is printed without a stack. */
export class CommandError extends Error {
  readonly exit: Exit;
  /** Where to read more: a URL, or a place in the pages that come with the command, as in `command#contexts`. */
  readonly see: string;

  constructor(exit: Exit, message: string, options: ErrorOptions & { readonly see?: string } = {}) {
    super(message, options);
    this.exit = exit;
    this.see = options.see ?? 'command#exit-codes';
  }

  get exitCode(): number {
    return EXIT[this.exit].code;
  }
}

/** The command that this one runs has failed. This one ends with the same code. */
export class ChildFailed extends CommandError {
  readonly #code: number;

  constructor(code: number, message: string) {
    super('refused', message);
    this.#code = code;
  }

  override get exitCode(): number {
    return this.#code;
  }
}

/** What was written on the command line cannot be used. */
export class UsageError extends CommandError {
  constructor(message: string, options?: ErrorOptions & { readonly see?: string }) {
    super('usage', message, { see: 'command', ...options });
  }
}

/** The codes of refusals that say that the arguments of the command were wrong. */
const ARGUMENTS: ReadonlySet<string> = new Set([
  'pattern_invalid',
  'filter_invalid',
  'cursor_invalid',
  'time_invalid',
  'parameter_invalid',
  'not_acceptable',
  'dialect_unknown',
  'idempotency_key_invalid',
]);
const CREDENTIALS: ReadonlySet<string> = new Set([
  'password_wrong',
  'token_invalid',
  'session_ended',
  'forbidden',
  'origin_forbidden',
]);
/** The close codes for a token that has ended, and for one that does not permit it. */
const NOT_PERMITTED: ReadonlySet<number> = new Set([4001, 4003]);

/** With which code a command ends when the hub or the client of the SDK reports this. */
export function exitOf({ code, closeCode }: HubError): Exit {
  if (closeCode !== undefined) return NOT_PERMITTED.has(closeCode) ? 'notPermitted' : 'refused';
  if (code === 'lost' || code === 'offline') return 'unreachable';
  if (CREDENTIALS.has(code) || code.startsWith('credentials_')) return 'notPermitted';
  return ARGUMENTS.has(code) ? 'usage' : 'refused';
}

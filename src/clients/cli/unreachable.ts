import { CommandError } from './errors.ts';
import type { Target } from './target.ts';
import { isUntrusted } from './untrusted.ts';

/** No hub answered. `cause` is the fault of the network. */
export function unreachable({ base, context }: Target, cause: unknown): CommandError {
  const isError = cause instanceof Error;
  const why = isError ? cause.message || String((cause as NodeJS.ErrnoException).code) : String(cause);
  const expected =
    isError && isUntrusted(cause)
      ? 'Expected a trusted certificate, or --insecure'
      : 'Expected a running hub there';
  const named =
    context === undefined
      ? '--url, BELFRY_URL or a context names the address'
      : `the context "${context}" names the address`;
  return new CommandError(
    'unreachable',
    `The hub at ${base.host} cannot be reached: ${why}. ${expected}; ${named}.`,
    {
      cause,
      see: 'command#contexts',
    },
  );
}

import type { Link, LinkHandler, LinkOptions } from './link.ts';
import { SocketLink } from './socket-link.ts';
import type { Tokens } from './tokens.ts';

const TRIAL_MS = 300_000;

/**
 * Tries to open a socket while events come by a stream: at once, and then every five minutes. `handler` is told of the first
 * socket that opens, and of everything that arrives over it. Returns a function that ends the trials.
 */
export function trySockets(
  { environment, base }: LinkOptions,
  tokens: Pick<Tokens, 'get'>,
  handler: LinkHandler,
): () => void {
  let isOver = environment.WebSocket === undefined;
  let hasOpened = false;
  let trial: Link | undefined;
  let cancel: (() => void) | undefined;
  const again = (): void => {
    if (!isOver) cancel = environment.clock.after(TRIAL_MS, () => void run());
  };
  const run = async (): Promise<void> => {
    try {
      const token = await tokens.get();
      if (isOver) return;
      trial = new SocketLink(
        { environment, base, token },
        {
          opened(link, auth) {
            hasOpened = true;
            trial = undefined;
            handler.opened(link, auth);
          },
          event: (event) => handler.event(event),
          gap: (gap) => handler.gap(gap),
          closed: (code, reason) => (hasOpened ? handler.closed(code, reason) : again()),
        },
      );
    } catch {
      again();
    }
  };
  if (!isOver) void run();
  return () => {
    isOver = true;
    cancel?.();
    trial?.close();
  };
}

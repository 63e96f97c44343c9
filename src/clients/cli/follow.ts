import type { Gap, HubEvent } from '../sdk/item.ts';
import type { ListenOptions } from '../sdk/listener.ts';
import { untilStopped } from './command.ts';
import { CommandError } from './errors.ts';
import { gapText } from './gap-text.ts';
import type { Note } from './output.ts';
import type { Session } from './session.ts';
import { unreachable } from './unreachable.ts';

export interface FollowOptions {
  readonly filters?: ListenOptions['filters'] | undefined;
  readonly slow?: ListenOptions['slow'] | undefined;
  readonly since?: string | Date | undefined;
  /** How long it may take at most. */
  readonly forMs?: number | undefined;
  /** What is waited for, in words. Without it, to end early is as good as to go on. */
  readonly awaited?: string | undefined;
  /** Whether events may be missing before the first one. */
  readonly hasGap?: boolean;
  readonly note: Note;
  /** Told of each gap, beside the line that says it. */
  readonly onGap?: ((gap: Gap) => void) | undefined;
}

/**
 * Hears events, through all interruptions, until `take` answers that it has what it wanted, the time is over, or somebody ends
 * the command. @throws CommandError when it ends without what was waited for, or when events may be missing
 */
export async function follow(
  session: Session,
  patterns: readonly string[],
  options: FollowOptions,
  take: (event: HubEvent) => boolean | Promise<boolean>,
): Promise<void> {
  const { since, filters, slow, forMs, awaited, note, onGap } = options;
  const end = new AbortController();
  let why: 'had' | 'time' | 'stopped' | undefined;
  const stop = (because: typeof why): void => {
    why ??= because;
    end.abort();
  };
  const timer = forMs === undefined ? undefined : setTimeout(() => stop('time'), forMs);
  untilStopped().addEventListener('abort', () => stop('stopped'), { signal: end.signal });
  let { hasGap = false } = options;
  try {
    const how = {
      signal: end.signal,
      ...(since !== undefined && { since }),
      ...(filters && { filters }),
      ...(slow && { slow }),
    };
    for await (const item of session.listen(patterns, how)) {
      if (why !== undefined) break;
      if (item.gap === undefined) {
        if (await take(item)) stop('had');
      } else if (slow === undefined || item.gap.reason !== 'slow') {
        hasGap = true;
        onGap?.(item.gap);
        note(gapText(item.gap));
      }
    }
  } finally {
    clearTimeout(timer);
    end.abort();
  }
  if (why === 'time' && !session.wasOpen) throw unreachable(session.target, 'no hub has answered so far');
  if (hasGap && (awaited === undefined || why !== 'stopped'))
    throw new CommandError('gap', `Events may be missing: the hub told of a gap. ${ADVICE}`, {
      see: 'command#gaps',
    });
  if (awaited === undefined || why === 'had') return;
  if (why === 'time') throw new CommandError('timedOut', `${awaited} did not come within ${forMs} ms.`);
  throw new CommandError('interrupted', `${awaited} had not come when the command was ended.`);
}

const ADVICE = 'Expected a log that goes back far enough; read the state anew.';

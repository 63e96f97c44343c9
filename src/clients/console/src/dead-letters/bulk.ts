import { HubError } from '@belfry/client';

export interface BulkProgress {
  readonly total: number;
  readonly done: number;
  /** Those that failed, with the reason of the first. */
  readonly failed: number;
  readonly firstError?: Error | undefined;
}

export interface BulkOptions {
  /** Ends it early. */
  readonly signal: AbortSignal;
  /** How many requests run at a time. With one, the letters keep their order. */
  readonly atOnce: number;
}

/** After so many failures in a row the rest is left: something is wrong with more than the letters. */
const GIVES_UP_AFTER = 8;

/** Does it to each letter, and tells the progress. One that is gone already counts as done. */
export async function doToAll(
  ids: readonly string[],
  act: (id: string) => Promise<void>,
  tell: (progress: BulkProgress) => void,
  { signal, atOnce }: BulkOptions,
): Promise<BulkProgress> {
  let [done, failed, inARow] = [0, 0, 0];
  let firstError: Error | undefined;
  const progress = (): BulkProgress => ({ total: ids.length, done, failed, firstError });
  const rest = ids.values();
  const work = async (): Promise<void> => {
    for (const id of rest) {
      if (signal.aborted || inARow >= GIVES_UP_AFTER) return;
      try {
        await act(id).catch(unlessGone);
        inARow = 0;
        done++;
      } catch (error) {
        inARow++;
        failed++;
        firstError ??= error instanceof Error ? error : new Error(String(error));
      }
      tell(progress());
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return progress();
}

function unlessGone(error: unknown): void {
  if (!(error instanceof HubError && error.code === 'not_found')) throw error;
}

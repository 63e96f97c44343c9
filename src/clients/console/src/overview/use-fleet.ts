import { HubError } from '@belfry/client';
import { useQuery } from '@tanstack/react-query';
import type { NodeReport } from '../../../cli/node-report.ts';
import { mayHear } from '../session/me.ts';
import { session } from '../session/session.ts';
import { useMe } from '../session/use-session.ts';
import { afterAnswer, NO_FLEET, type Fleet } from './fleet.ts';
import { History } from './history.ts';
import { totalsOf } from './totals.ts';

/** How often the hub is asked while somebody looks. */
export const ASK_EVERY_MS = 5_000;
const ANSWER_WITHIN_MS = 5_000;
const DEAD_LETTERS_EVERY_MS = 10_000;

/** What this page has heard since it was opened. It stays while another screen is shown. */
let fleet = NO_FLEET;
const history = new History();

export interface Looking {
  readonly fleet: Fleet;
  readonly history: History;
  /** Why the last question had no answer. */
  readonly error: Error | null;
  readonly askAgain: () => void;
}

/** All nodes of the hub, asked again and again while the page is visible. */
export function useFleet(): Looking {
  const { data, error, refetch } = useQuery({
    queryKey: ['nodes', 'status'],
    queryFn: async ({ signal }) => take(await nodes(signal), Date.now()),
    initialData: () => (fleet.at === undefined ? undefined : fleet),
    initialDataUpdatedAt: 0,
    refetchInterval: ASK_EVERY_MS,
    // The next question comes soon enough.
    retry: false,
    structuralSharing: false,
  });
  return { fleet: data ?? fleet, history, error, askAgain: () => void refetch() };
}

/** How many dead letters wait, where the one who is signed in may see them. */
export function useDeadLetterCount(): number | undefined {
  const me = useMe();
  const { data } = useQuery({
    queryKey: ['dead-letters', 'count'],
    queryFn: async ({ signal }) => {
      const response = await session.request('api/v3/dead-letters?limit=0', { signal });
      return Number(response.headers.get('X-DRP-LIST-TOTAL-COUNT'));
    },
    enabled: mayHear(me, 'dead-letters.list.*'),
    refetchInterval: DEAD_LETTERS_EVERY_MS,
    retry: false,
  });
  return data;
}

async function nodes(signal: AbortSignal): Promise<readonly NodeReport[]> {
  const late = AbortSignal.timeout(ANSWER_WITHIN_MS);
  try {
    const response = await session.request('api/v3/nodes?detail=status', {
      signal: AbortSignal.any([signal, late]),
    });
    return (await response.json()) as readonly NodeReport[];
  } catch (cause) {
    if (!late.aborted) throw cause;
    throw new HubError('lost', `No answer came within ${ANSWER_WITHIN_MS / 1_000} seconds.`, { cause });
  }
}

function take(answer: readonly NodeReport[], at: number): Fleet {
  fleet = afterAnswer(fleet, answer, at);
  const { eventsPerSecond, deliveriesPerSecond, p99Ms, lagMs } = totalsOf(fleet);
  history.add(at, { events: eventsPerSecond, deliveries: deliveriesPerSecond, p99: p99Ms, lag: lagMs });
  return fleet;
}

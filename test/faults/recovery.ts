import { disorder, missing, type HeardBy, type PublishedBy } from './checker.ts';
import type { ResumingClient } from './client.ts';
import type { Scenario } from './scenarios.ts';
import type { BrokerState } from './world.ts';

/** What clients and publishers noticed of one fault. Times are in milliseconds, of the one that waited longest. */
export interface Recovery {
  readonly fault: string;
  readonly state: BrokerState;
  /** From the moment when the fault was over until every client heard an event that was published afterwards. */
  readonly heardAgainMs: number;
  /** From the same moment until of every publisher an event was accepted that it published afterwards. */
  readonly acceptedAgainMs: number;
  /** The longest time between two events that a client heard, while the fault lasted too. */
  readonly silentMs: number;
  /** The longest time between two events of a publisher that were accepted, while the fault lasted too. */
  readonly refusedMs: number;
  /** How many events were accepted, and how many deliveries of them were checked. */
  readonly events: number;
  readonly deliveries: number;
  /** How many events a client missed, heard twice or heard out of order, and was not told of, summed over all clients. */
  readonly wrong: number;
  /** How many clients were told of a gap. */
  readonly told: number;
}

/** The parts of a stage that are looked at. */
export interface Looked {
  readonly clients: readonly (HeardBy & Pick<ResumingClient, 'heardAt'>)[];
  readonly publishers: readonly PublishedBy[];
  readonly overAt: readonly number[];
}

/** @param struckAt when the fault began */
export function recoveryOf(
  { fault, state }: Pick<Scenario, 'fault' | 'state'>,
  { clients, publishers, overAt }: Looked,
  struckAt: number,
): Recovery {
  // A publisher sends an event when the one before was accepted. An event that was accepted after the fault may have been
  // sent before, and heard too. An event that is live only says nothing of what was missed before it.
  const durable = publishers.filter(({ entryPoint }) => entryPoint.promise !== 'live');
  const sentAfter = new Map(
    durable.flatMap(({ accepted }) =>
      accepted.map(
        (event, i) => [`${event.key} ${event.n}`, { ...event, at: accepted[i - 1]?.at ?? 0 }] as const,
      ),
    ),
  );
  const heardAgain = (over: number): number[] => {
    const sent = [...sentAfter.values()].filter(({ at }) => at > over);
    return clients.flatMap(({ heard, heardAt, wants = () => true }) => {
      // A client that wants few keys may not have wanted anything of what was published since.
      if (!sent.some(({ type, key }) => wants(type, key))) return [];
      const index = heard.findIndex(
        ({ key, n }, i) => (heardAt[i] ?? 0) > over && (sentAfter.get(`${key} ${n}`)?.at ?? 0) > over,
      );
      return [(heardAt[index] ?? Number.NaN) - over];
    });
  };
  const accepted = publishers.map((publisher) => publisher.accepted.map(({ at }) => at));
  const acceptedAgain = (over: number): number[] =>
    accepted.map((times) => (times.find((_, i) => (times[i - 1] ?? 0) > over) ?? Number.NaN) - over);
  return {
    fault: fault.fact,
    state,
    heardAgainMs: most(overAt.flatMap(heardAgain)),
    acceptedAgainMs: most(overAt.flatMap(acceptedAgain)),
    silentMs: most(clients.map(({ heardAt }) => longestPause(heardAt, struckAt))),
    refusedMs: most(accepted.map((times) => longestPause(times, struckAt))),
    events: accepted.flat().length,
    deliveries: clients.reduce((sum, { heard }) => sum + heard.length, 0),
    wrong: clients.reduce(
      (sum, client) => sum + missing(client, publishers).length + disorder(client, publishers).length,
      0,
    ),
    told: clients.filter(({ gaps }) => gaps.length > 0).length,
  };
}

/** The longest time between two of these moments, of which the second one came after `from`. */
function longestPause(times: readonly number[], from: number): number {
  return most(times.map((at, i) => (i > 0 && at > from ? at - (times[i - 1] ?? at) : 0)));
}

/** Without a spread, since a crowd has more values than a call may have arguments. */
function most(values: readonly number[]): number {
  return Math.round(values.reduce((a, b) => Math.max(a, b), 0));
}

/** What became of the deliveries to connections, which only their nodes know. */
import { z } from 'zod';
import { rfc3339 } from '../../dialects/shapes.ts';
import type { DeliveryState } from '../../hub/connections.ts';
import type { Clock } from '../../model/clock.ts';
import { timeAt } from '../../model/cursor.ts';
import type { ConnectionRecord } from '../../registry/registry.ts';
import type { Survey } from '../../registry/survey.ts';
import { DELIVERIES } from './node-questions.ts';

/** In the style of the record of a connection, to which it belongs. */
export const deliveries = z.strictObject({
  Delivered: z.int().describe('Events and answers that it was sent'),
  Dropped: z.int().describe('Events that were left out because it was slow'),
  Queued: z.int().describe('What waits in its own queue, while it is slow'),
  QueuedBytes: z.int(),
  LaggingSince: rfc3339.nullable().describe('Since when it has been slow; null while it keeps up'),
});

export interface DetailedRecord extends ConnectionRecord {
  /** `null` where the node of the connection did not answer. REST callers have none, since they hear nothing. */
  readonly Deliveries?: z.infer<typeof deliveries> | null;
}

interface Deps {
  readonly survey: Survey;
  readonly clock: Pick<Clock, 'now'>;
}

/** Asks the nodes of the connections. */
export async function withDeliveries(
  { survey, clock }: Deps,
  records: readonly ConnectionRecord[],
): Promise<DetailedRecord[]> {
  const listening = records.filter(({ Type }) => Type !== 'api');
  const nodes = new Set(listening.map(({ Node }) => Node));
  if (nodes.size === 0) return [...records];
  const [only] = nodes.size === 1 ? nodes : [];
  const { answers } = await survey.ask(DELIVERIES, { ids: listening.map(({ Id }) => Id) }, only);
  const states = new Map(answers.flatMap(({ answer }) => Object.entries(answer)));
  const now = clock.now();
  return records.map((record) => {
    if (record.Type === 'api') return record;
    const state = states.get(record.Id);
    return { ...record, Deliveries: state === undefined ? null : written(state, now) };
  });
}

function written(state: DeliveryState, now: number): z.infer<typeof deliveries> {
  const { delivered, dropped, queued, queuedBytes, laggingMs } = state;
  return {
    Delivered: delivered,
    Dropped: dropped,
    Queued: queued,
    QueuedBytes: queuedBytes,
    LaggingSince: laggingMs === null ? null : timeAt(now - Math.round(laggingMs)),
  };
}

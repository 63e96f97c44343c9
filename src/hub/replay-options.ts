import type { Clock } from '../model/clock.ts';
import type { Delivery } from './delivery.ts';
import type { EventLog } from './event-log.ts';
import type { Stats } from './stats.ts';

/** What a replay is made with. */
export interface ReplayOptions {
  readonly eventLog: EventLog;
  readonly delivery: Pick<Delivery, 'sendTo' | 'tell'>;
  readonly stats: Stats;
  readonly clock: Pick<Clock, 'after' | 'now'>;
}

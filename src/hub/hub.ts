import type { Broker, History, Shards } from '../broker/broker.ts';
import type { Clock } from '../model/clock.ts';
import { CLOSE } from '../model/close-codes.ts';
import { InterestRules } from '../model/interest.ts';
import { Redaction } from '../model/redaction.ts';
import type { Interest } from '../registry/interest.ts';
import { BurstBudget } from './burst-budget.ts';
import { Cohorts } from './cohorts.ts';
import type { ConnectionRegistryOptions } from './connection-registry.ts';
import { Connections } from './connections.ts';
import { AuthDeadlines } from './auth-deadlines.ts';
import { Delivery } from './delivery.ts';
import { EventLog } from './event-log.ts';
import { Flow } from './flow.ts';
import { FlushScheduler, type Fault } from './flush-scheduler.ts';
import { WriteCoalescer } from './write-coalescer.ts';
import type { QueueBounds } from './queue.ts';
import { SlowConsumers } from './slow-consumers.ts';
import { Stats } from './stats.ts';
import { CohortInterest } from './cohort-interest.ts';
import { TopicInterest } from './topic-interest.ts';
import { Topics } from './topics.ts';
import { Traffic } from './traffic.ts';

export interface HubOptions extends ConnectionRegistryOptions {
  readonly broker: Broker;
  readonly shards: Shards;
  readonly history: History;
  readonly clock: Clock;
  readonly queue: QueueBounds;
  /** A socket that accepts no bytes for this long is closed with 4008, even if its queue is not full. */
  readonly writeTimeoutMs: number;
  /** Bytes of memory that events of the log take on this node at most. */
  readonly logCacheMaxBytes: number;
  /** The rules for what is masked for which roles as an event goes out. If absent, nothing is masked. */
  readonly redaction?: Redaction;
  /** Which topics are told to the others when a client listens to them. If absent, none is. */
  readonly interestRules?: InterestRules;
  readonly interest?: Pick<Interest, 'set'>;
  readonly fault?: Fault;
}

const NOBODY_ASKS: Pick<Interest, 'set'> = { set: () => undefined };

/**
 * Puts together the parts of the hub, which brings events from the broker to the connections of one node. Code that
 * needs a part is given that part, and not the hub.
 */
export class Hub {
  readonly stats = new Stats();
  readonly eventLog: EventLog;
  readonly delivery: Delivery;
  readonly connections: Connections;
  readonly topics: Topics;
  readonly traffic: Traffic;
  readonly cohorts: Pick<Cohorts, 'match'>;
  readonly flow: Flow;

  readonly #broker: Broker;
  readonly #slowConsumers: SlowConsumers;
  readonly #deadlines: AuthDeadlines;

  constructor(options: HubOptions) {
    const { stats } = this;
    const { clock, queue, redaction = Redaction.none, fault = () => undefined } = options;
    const coalescer = new WriteCoalescer(queue.maxBytes);
    const { interestRules = InterestRules.none, interest = NOBODY_ASKS } = options;
    const eventLog = new EventLog({ ...options, stats });
    const topicInterest = new TopicInterest(interestRules, interest);
    const cohortInterest = new CohortInterest(topicInterest, eventLog.lanes);
    const cohorts = new Cohorts(stats, coalescer, cohortInterest);
    options.shards.onLayout((before) => {
      cohortInterest.divide(cohorts, before);
      eventLog.divide();
    });
    const flushScheduler = new FlushScheduler({ clock, stats, cohorts, coalescer, fault });
    this.topics = new Topics(clock);
    this.traffic = new Traffic(stats, clock);
    this.cohorts = cohorts;
    this.flow = new Flow({ lanes: eventLog.lanes, cohorts, clock });
    const delivery = new Delivery({
      clock,
      stats,
      eventLog,
      topics: this.topics,
      cohorts,
      flushScheduler,
      coalescer,
      fault,
    });
    const slowConsumers = new SlowConsumers(clock, options.writeTimeoutMs);
    const deadlines = new AuthDeadlines(clock);
    const context = { bounds: queue, burstBudget: new BurstBudget(), slowConsumers, redaction, stats };
    this.eventLog = eventLog;
    this.delivery = delivery;
    this.connections = new Connections({ ...options, context, cohorts, deadlines, delivery, eventLog });
    this.#broker = options.broker;
    this.#slowConsumers = slowConsumers;
    this.#deadlines = deadlines;
  }

  async start(): Promise<void> {
    const { delivery } = this;
    this.#slowConsumers.start();
    this.#deadlines.start();
    this.traffic.start();
    await this.#broker.start((event) => delivery.deliver(event));
    await this.eventLog.lanes.start();
  }

  /** Sends what waits, closes every connection, and stops listening to the broker. */
  async stop(): Promise<void> {
    this.delivery.flush();
    for (const connection of this.connections) connection.close(CLOSE.draining);
    this.#slowConsumers.stop();
    this.#deadlines.stop();
    this.traffic.stop();
    await this.#broker.stop();
  }
}

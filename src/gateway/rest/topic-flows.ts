/** Who publishes the events of topics, and who hears them, over all nodes. */
import { z } from 'zod';
import type { TopicFlow } from '../../hub/flow.ts';
import type { NodeAnswer } from '../../registry/survey.ts';

const rate = z.number();

export const topicFlow = z.strictObject({
  sampled: z
    .int()
    .describe('How many of the latest events of the log were of this topic; all shares are of them'),
  publishers: z
    .array(z.strictObject({ principal: z.string(), perSecond: rate }))
    .describe('The most active ones, at most 20; "unknown" for events that do not say who published them'),
  otherPublishersPerSecond: rate.describe('The publishers that are not named'),
  deliveries: z
    .array(
      z.strictObject({
        node: z
          .string()
          .nullable()
          .describe('Null for the nodes that the caller may not see, taken together'),
        dialect: z.string(),
        perSecond: rate,
      }),
    )
    .describe('Deliveries to the connections of each dialect on each node, as they are subscribed now'),
});

export type TopicFlowAnswer = z.infer<typeof topicFlow>;

type Answers = readonly NodeAnswer<readonly TopicFlow[]>[];

/** The shares that the nodes told of, for topics by type and action. */
export class TopicFlows {
  readonly #topics = new Map<string, { readonly node: string | null; readonly told: TopicFlow }[]>();

  /** `mayName` says whether the caller may see a node. */
  constructor(answers: Answers, mayName: (node: string) => boolean) {
    for (const { node, answer } of answers)
      for (const told of answer) {
        const name = nameOf(told);
        const known = this.#topics.get(name) ?? [];
        this.#topics.set(name, [...known, { node: mayName(node) ? node : null, told }]);
      }
  }

  /** The flow of a topic with this rate, or `null` if none of the latest events was of it. */
  of(topic: {
    readonly type: string;
    readonly action: string;
    readonly perSecond: number;
  }): TopicFlowAnswer | null {
    const told = this.#topics.get(nameOf(topic));
    // Every node has the same events, so the largest sample says the most of who publishes.
    const [most] = told?.toSorted((a, b) => b.told.events - a.told.events) ?? [];
    if (told === undefined || most === undefined) return null;
    const { events, publishers, otherPublishers } = most.told;
    const share = (count: number): number => rounded((count / events) * topic.perSecond);
    const deliveries = new Map<string, { node: string | null; dialect: string; perSecond: number }>();
    for (const {
      node,
      told: { hearers },
    } of told)
      for (const [dialect, perEvent] of Object.entries(hearers)) {
        const key = JSON.stringify([node, dialect]);
        const before = deliveries.get(key)?.perSecond ?? 0;
        deliveries.set(key, { node, dialect, perSecond: rounded(before + perEvent * topic.perSecond) });
      }
    return {
      sampled: events,
      publishers: Object.entries(publishers).map(([principal, count]) => ({
        principal,
        perSecond: share(count),
      })),
      otherPublishersPerSecond: share(otherPublishers),
      deliveries: [...deliveries.values()],
    };
  }
}

function nameOf({ type, action }: { readonly type: string; readonly action: string }): string {
  return JSON.stringify([type, action]);
}

function rounded(perSecond: number): number {
  return Number(perSecond.toFixed(3));
}

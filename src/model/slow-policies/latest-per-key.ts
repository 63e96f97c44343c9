import type { QueuedDelivery, SlowPolicy } from './slow-policy.ts';

/** For the state of many things. Of each kind the latest event stays, in its own place among the others. */
export const latestPerKey: SlowPolicy = {
  text: 'the events are left out that a later one of the same type, action and key replaces; the connection is closed with 4008 when there are more keys than the queue holds',
  kindOf: ({ type, action, key }) => JSON.stringify([type, action, key]),
  leaveOut(waiting, next) {
    const later = new Set([kindOf(next)]);
    return waiting.toReversed().filter((delivery) => {
      const kind = kindOf(delivery);
      const isReplaced = kind !== undefined && later.has(kind);
      later.add(kind);
      return isReplaced;
    });
  },
};

function kindOf({ droppable }: QueuedDelivery): string | undefined {
  return droppable?.policy === latestPerKey ? droppable.kind : undefined;
}

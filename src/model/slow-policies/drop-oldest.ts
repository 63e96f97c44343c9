import type { QueuedDelivery, SlowPolicy } from './slow-policy.ts';

/** For samples and positions, where the newest counts. An event that is larger than the whole queue is left out itself. */
export const dropOldest: SlowPolicy = {
  text: 'the events that have waited longest are left out',
  leaveOut(waiting, next) {
    const oldest = waiting.find(isOwn) ?? (isOwn(next) ? next : undefined);
    return oldest === undefined ? [] : [oldest];
  },
};

function isOwn({ droppable }: QueuedDelivery): boolean {
  return droppable?.policy === dropOldest;
}

import type { NewEvent } from './event.ts';

/** These actions remove a key, so that nothing of it is kept as the latest. Clients that follow the latest do the same. */
export const REMOVING_ACTIONS: readonly string[] = [
  'delete',
  'deleted',
  'destroy',
  'destroyed',
  'remove',
  'removed',
];

/** An action that removes a key of this type only, since other types may use the word for what stays. */
export const REMOVING_OF_TYPE = { type: 'interest', action: 'end' } as const;

/** Whether an event removes its key. */
export function removes({ type, action }: Pick<NewEvent, 'type' | 'action'>): boolean {
  if (REMOVING_ACTIONS.includes(action)) return true;
  return type === REMOVING_OF_TYPE.type && action === REMOVING_OF_TYPE.action;
}

/** These actions remove a key, so that nothing of it is kept as the latest. Clients that follow the latest do the same. */
export const REMOVING_ACTIONS: readonly string[] = [
  'delete',
  'deleted',
  'destroy',
  'destroyed',
  'remove',
  'removed',
];

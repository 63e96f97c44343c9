import { holds, partsOf } from '../../../../model/pattern-parts.ts';
import type { Me } from '../session/me.ts';

/** Whether one pattern permits to see every node, and not only those with some names. */
export function seesAllNodes({ subscribe }: Pick<Me, 'subscribe'>): boolean {
  return subscribe.some((pattern) => {
    const parts = partsOf(pattern);
    if (typeof parts !== 'object') return false;
    const [types, actions, keys] = parts;
    return holds(types, 'nodes') && holds(actions, 'list') && keys === '*';
  });
}

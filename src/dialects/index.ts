import { ProtocolError } from '../model/errors.ts';
import type { NewEvent } from '../model/event.ts';
import type { Json } from '../model/json.ts';
import type { Dialect, DialectName } from './dialect.ts';
import { drp } from './drp.ts';
import { native } from './native.ts';

/**
 * Every dialect, with the paths that belong to it alone. Beside these each is reached under `/<name>/ws` on every
 * listener, and under `/ws` on a listener whose default it is. The order is that in which a spelling is recognised.
 */
export const DIALECTS: readonly { readonly dialect: Dialect; readonly paths: readonly string[] }[] = [
  { dialect: native, paths: [] },
  { dialect: drp, paths: ['/api/v3/ws'] },
];

export function isDialectName(name: string): name is DialectName {
  return DIALECTS.some(({ dialect }) => dialect.name === name);
}

/** The dialect that serves this path on a listener with that default, if any does. */
export function dialectAt(path: string, byDefault: DialectName | undefined): Dialect | undefined {
  const found = DIALECTS.find(
    ({ dialect, paths }) =>
      path === `/${dialect.name}/ws` ||
      paths.includes(path) ||
      (path === '/ws' && dialect.name === byDefault),
  );
  return found?.dialect;
}

/**
 * One published event in the spelling that is named, or else in the one that its fields show.
 * @throws ProtocolError `event_invalid` or `type_reserved`
 */
export function parseEvent(body: Json, name?: DialectName): NewEvent {
  for (const { dialect } of DIALECTS) {
    if (name !== undefined && dialect.name !== name) continue;
    const event = dialect.parse(body);
    if (event !== undefined) return event;
  }
  const spellings = 'type, action, key (native) or Type, Action, Key (drp)';
  throw new ProtocolError(
    'event_invalid',
    `Not an event${name ? ` in ${name}` : ''}. Expected an object with the fields ${spellings}.`,
  );
}

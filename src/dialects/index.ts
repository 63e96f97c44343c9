import { ProtocolError } from '../model/errors.ts';
import { refuseReservedType, refuseUnloggedType, type NewEvent } from '../model/event.ts';
import { formatOf } from '../model/format.ts';
import { JsonText, type Body } from '../model/json.ts';
import type { Dialect, DialectName } from './dialect.ts';
import { dorgu } from './dorgu.ts';
import { drp } from './drp.ts';
import { FORMATS } from './formats.ts';
import { mist, MIST_PATHS } from './mist.ts';
import { native } from './native.ts';
import { norn } from './norn.ts';
import { provisioning } from './provisioning.ts';

/**
 * Every dialect, with the paths that belong to it alone. Beside these each is reached under `/ws` on a listener whose
 * default it is, and under all of them after `/<name>` on every listener.
 */
export const DIALECTS: readonly { readonly dialect: Dialect; readonly paths: readonly string[] }[] = [
  { dialect: native, paths: [] },
  { dialect: drp, paths: ['/api/v3/ws'] },
  { dialect: provisioning, paths: ['/metrics', '/logs'] },
  { dialect: norn, paths: [] },
  { dialect: dorgu, paths: [] },
  { dialect: mist, paths: MIST_PATHS },
];

const BY_NAME: ReadonlyMap<DialectName, Dialect> = new Map(
  DIALECTS.map(({ dialect }) => [dialect.name, dialect]),
);

export const dialectNames: readonly DialectName[] = DIALECTS.map(({ dialect }) => dialect.name);

export function isDialectName(name: string): name is DialectName {
  return DIALECTS.some(({ dialect }) => dialect.name === name);
}

/** The dialect that serves this path on a listener with that default, if any of those that are served does. */
export function dialectAt(
  path: string,
  byDefault: DialectName | undefined,
  served = dialectNames,
): Dialect | undefined {
  const found = DIALECTS.find(({ dialect, paths }) => {
    const own = ownPath(path, dialect);
    return paths.includes(own) || (own === '/ws' && (own !== path || dialect.name === byDefault));
  });
  return found !== undefined && served.includes(found.dialect.name) ? found.dialect : undefined;
}

/** The path as the dialect knows it, without the prefix under which every listener has it. */
export function ownPath(path: string, { name }: Dialect): string {
  return path.startsWith(`/${name}/`) ? path.slice(name.length + 1) : path;
}

/**
 * One published event in the format that is named, or else in the one that its fields show.
 * @throws ProtocolError `event_invalid` or `type_reserved`
 */
export function parseEvent(body: Body | JsonText, name?: DialectName): NewEvent {
  const event = readEvent(body, name);
  refuseReservedType(event);
  return event;
}

/** The same of what stands in the log, where the hub's own registry writes too. */
export function parseLogged(body: Body | JsonText): NewEvent {
  const event = readEvent(body, undefined);
  refuseUnloggedType(event);
  return event;
}

function readEvent(written: Body | JsonText, named: DialectName | undefined): NewEvent {
  const body = written instanceof JsonText ? (written.fields ?? null) : written;
  const name = named ?? formatOf(body, FORMATS)?.name;
  const event = name === undefined ? undefined : BY_NAME.get(name)?.parse(body);
  if (event !== undefined) return event;
  if (name === 'mist') {
    const why = 'Mist has no format for publishers. Expected type, action, key, and no dialect named.';
    throw new ProtocolError('event_invalid', why);
  }
  throw new ProtocolError(
    'event_invalid',
    `Not an event${name ? ` in ${name}` : ''}. Expected an object with the fields ${FORMS}.`,
  );
}

const FORMS =
  'type, action, key (native), Type, Action, Key (drp), event_type, data (provisioning), type, appId, payload (norn) or type, data.name (dorgu)';

import type { Session } from '../../clients/cli/session.ts';
import { HubError } from '../../clients/sdk/errors.ts';
import type { HubEvent } from '../../clients/sdk/item.ts';
import { escapeValue } from '../../model/exact-pattern.ts';
import { ACTIONS, type Known } from './known-objects.ts';

/** What the hub was told last by a source, and where that stands in the hub. */
export interface Told {
  /** By the key of the object. */
  readonly objects: ReadonlyMap<string, Known>;
  /** `values`: the hub keeps the latest value of each key. `log`: it keeps none, and its log reaches back only so far. */
  readonly from: 'values' | 'log';
}

type Asked = Pick<Session, 'pages'> & { readonly hub: Pick<Session['hub'], 'history'> };

const PAGE_EVENTS = 1_000;
/** What the hub answers where it keeps no values of a type, or has a list of its own at that path. */
const NO_VALUES = /^(?:not_found|not_acceptable|parameter_invalid)$/;

/**
 * What the source of this name told last of the objects of a type, as the hub itself knows it. Where a retention rule keeps the latest value of
 * each key, it is known as long as an object exists. Otherwise the log is read, and what it has lost is not known.
 *
 * @throws HubError
 */
export async function toldObjects(session: Asked, type: string, name: string): Promise<Told> {
  const objects = new Map<string, Known>();
  const take = ({ key, action, metadata }: HubEvent): void => {
    const known = action === 'deleted' ? undefined : knownBy(metadata?.['source'], name);
    if (known === undefined) objects.delete(key);
    else objects.set(key, known);
  };
  if (await readValues(session, type, take)) return { objects, from: 'values' };
  for await (const item of session.hub.history([`${escapeValue(type)}.${ACTIONS.join(',')}.*`]))
    if (item.gap === undefined) take(item);
  return { objects, from: 'log' };
}

/** Whether a rule of the hub keeps the latest values of the type. */
async function readValues(session: Asked, type: string, take: (event: HubEvent) => void): Promise<boolean> {
  try {
    const path = `api/v3/${encodeURIComponent(type)}?as=events&limit=${PAGE_EVENTS}`;
    for await (const event of session.pages<HubEvent>(path)) {
      // Lists of another kind, such as that of the nodes of the hub, stand at paths of the same form.
      if (event.type !== type) return false;
      take(event);
    }
    return true;
  } catch (error) {
    if (error instanceof HubError && NO_VALUES.test(error.code)) return false;
    throw error;
  }
}

/** What is written by `positionOf`; `undefined` where somebody else published the event. */
function knownBy(source: unknown, name: string): Known | undefined {
  const { name: publisher, at } = (source ?? {}) as Readonly<Record<string, unknown>>;
  if (publisher !== name || typeof at !== 'string') return undefined;
  const [uid, resourceVersion] = at.split('/');
  return uid === undefined || resourceVersion === undefined ? undefined : { uid, resourceVersion };
}

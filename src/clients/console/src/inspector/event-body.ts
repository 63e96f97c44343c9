import { eventFields } from '../json/json-tree.ts';

/** The fields that a publisher writes. Time, principal and id are those of the event that is published then. */
const PUBLISHED = ['type', 'action', 'key', 'object', 'original', 'metadata'] as const;

/** The types of events that only the hub publishes. */
const OWN: ReadonlySet<string> = new Set([
  'belfry',
  'websocket',
  'connections',
  'presence',
  'tokens',
  'interest',
  'leases',
]);

/** The event as it would be published once more: as it is written, without what the hub sets itself. */
export function bodyOf(text: string): string {
  const fields = eventFields(text);
  const members = PUBLISHED.flatMap((name) => {
    const value = fields.get(name);
    return value === undefined ? [] : [`"${name}":${value.text}`];
  });
  return `{${members.join(',')}}`;
}

/** Whether the hub refuses events of this type from anybody else. */
export function isOwnType(type: string): boolean {
  return OWN.has(type);
}

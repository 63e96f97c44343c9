import { tableOf } from './client-part.ts';

/** The interfaces of the hooks that their users write or read, each with its file and its heading. */
const INTERFACES = [
  ['events', 'EventsOptions', 'Options of `useEvents`'],
  ['events', 'EventOptions', 'Options of `useEvents` and `useEvent`'],
  ['events', 'Events', 'The result of `useEvents`'],
  ['values', 'Latest', 'The result of `useLatest`'],
  ['values', 'List', 'The result of `useList`'],
  ['publish', 'Publishing', 'The second result of `usePublish`'],
  ['feed', 'Progress', 'What most hooks also give'],
] as const;

/** The fields of the interfaces, as their source declares and explains them. */
export function hooksPart(): string {
  return INTERFACES.map(([file, name, title]) => `## ${title}\n\n${tableOf(`react/${file}`, name)}`).join(
    '\n',
  );
}

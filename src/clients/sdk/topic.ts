import { HubError } from './errors.ts';
import { readPattern } from './match.ts';

/** The topic of one event, written as in a pattern. @throws HubError `event_invalid` */
export function topicOf(text: string): { type: string; action: string; key: string } {
  const [type, action, key] = readPattern(text).parts.map((part) =>
    part !== '*' && part.length === 1 ? part[0] : undefined,
  );
  if (type !== undefined && action !== undefined && key !== undefined) return { type, action, key };
  throw new HubError(
    'event_invalid',
    `"${text}" is not one topic. Expected type.action.key, with \\3 for a star and \\2 for a comma.`,
  );
}

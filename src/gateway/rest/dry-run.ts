/** What a publish would do, without doing it. */
import { z } from 'zod';
import { eventAsLogged, type PublishLimits } from '../../broker/logged-event.ts';
import { anyJson } from '../../dialects/shapes.ts';
import { authorizePublish } from '../../model/authorization.ts';
import { bound } from '../../model/bound.ts';
import type { NewEvent } from '../../model/event.ts';
import { ADMIN, type Identity } from '../../model/principal.ts';
import type { Survey } from '../../registry/survey.ts';
import { askWhoHears, HEARERS_SCHEMA } from './hearers.ts';

const COUNTED = 'the others are counted';
const NAMED_EACH = bound('connections that a dry run names for one event', 100, 'entries', COUNTED);
const NAMED_MAX = bound(
  'connections that a dry run names for all events of a list',
  1_000,
  'entries',
  COUNTED,
);

const outcome = HEARERS_SCHEMA.partial({ connections: true })
  .extend({ event: anyJson.describe('The event as it would stand in the log, without an id') })
  .describe('Only an admin is told which connections would hear it');

export const DRY_RUN = z.array(outcome);

export interface DryRun extends PublishLimits {
  readonly survey: Survey;
  readonly identity: Identity;
  readonly events: readonly NewEvent[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * The JSON of each event as the log would take it, and who would hear it.
 * @throws BelfryError `forbidden`, `unavailable`; ProtocolError `event_too_big`
 */
export async function dryRunText(dryRun: DryRun): Promise<string> {
  const { survey, identity, events, now } = dryRun;
  const heard = authorizePublish(identity, events).map((written) => {
    const { type, action, key } = written;
    return { type, action, key, event: eventAsLogged(written, now, dryRun).json };
  });
  const limit = Math.min(NAMED_EACH, Math.ceil(NAMED_MAX / events.length));
  const who = await askWhoHears(survey, heard, limit);
  const isAdmin = identity.roles.includes(ADMIN);
  const texts = who.map(({ connections, ...about }, i) => {
    const rest = JSON.stringify(isAdmin ? { ...about, connections } : about);
    return `{"event":${heard[i]?.event},${rest.slice(1)}`;
  });
  return `[${texts.join()}]`;
}

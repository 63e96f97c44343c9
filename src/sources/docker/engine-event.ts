import type { SourceEvent } from '../source.ts';
import type { EngineEvent } from './engine-answers.ts';

/**
 * These come with each check of the health of a container, and their names hold the command; the others come with each size of a
 * window and each look at a container.
 */
const IGNORED = /^(?:exec_|resize$|top$|attach$|detach$)/;

/** The event that is published of an event of the engine: `docker.<action>.<name>`; `undefined` for one that says nothing new. */
export function publishedEvent(event: EngineEvent, time: string): Omit<SourceEvent, 'at'> | undefined {
  const { Type: kind, Action, Actor } = event;
  if (IGNORED.test(Action)) return undefined;
  // Such as "health_status: healthy".
  const [action = '', detail] = Action.split(': ', 2);
  const attributes = Actor.Attributes ?? {};
  const { name = Actor.ID } = attributes;
  const object = { kind, id: Actor.ID, ...(detail !== undefined && { detail }), attributes };
  return { type: 'docker', action, key: name, time, object };
}

import { aroundEvent, isCursor } from '../../../model/cursor.ts';
import type { HubEvent } from '../../sdk/item.ts';
import { examples, hubCommand, withHub, type AddCommand } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { Output } from '../output.ts';
import type { Session } from '../session.ts';
import { ATTEMPTS, receiving, secretsOf, type ReceiverOptions } from './forward.ts';

/** `belfry resend`: events of the log as webhooks once more. */
export const addResend: AddCommand = (program) => {
  const command = receiving(
    hubCommand(program, 'resend')
      .description(
        'Post events of the log to a URL once more, as "belfry forward" does, under the same webhook-id.',
      )
      .argument('<ids...>', 'the ids of the events'),
  ).action((ids: string[], options: ReceiverOptions) =>
    withHub(options, (session) => resend(session, ids, options)),
  );
  examples(command, {
    'belfry resend 1768473000000-0 --to http://localhost:3000/hook':
      'an event that the program did not accept',
  });
};

async function resend(session: Session, ids: readonly string[], options: ReceiverOptions): Promise<void> {
  const { DeliveryQueue } = await import('../../webhooks/delivery-queue.ts');
  const { to: url, timeout: timeoutMs } = options;
  const events: HubEvent[] = [];
  for (const id of ids) events.push(await eventWith(session, id));
  const rows = new Output(options).rows(ATTEMPTS);
  const queue = new DeliveryQueue({
    receiver: { url, secrets: secretsOf(options), timeoutMs },
    retryForMs: 0,
    signal: new AbortController().signal,
    tell: (attempt) => rows.print(attempt),
  });
  for (const event of events) await queue.take(event);
  await queue.end();
  rows.end();
  const missing = events.length - queue.counts.delivered;
  if (missing > 0)
    throw new CommandError('refused', `${url.host} did not accept ${missing} of ${events.length} events.`);
}

/** @throws CommandError when the log does not have it */
async function eventWith(session: Session, id: string): Promise<HubEvent> {
  if (!isCursor(id))
    throw new UsageError(`"${id}" is no id. Expected one that "belfry history" prints, as 1768473000000-0.`);
  const query = new URLSearchParams({ ...aroundEvent(id), limit: '1', pattern: '*.*.*' });
  const { events } = await session.read<{ readonly events: readonly HubEvent[] }>(
    `api/v3/events?${query.toString()}`,
  );
  const event = events.find((each) => each.id === id);
  if (event !== undefined) return { ...event, text: JSON.stringify(event) };
  throw new CommandError(
    'refused',
    `The log has no event ${id} that you may see. Expected one that "belfry history" prints.`,
  );
}

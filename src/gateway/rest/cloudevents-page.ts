import type { Request, Response } from 'express';
import { z } from 'zod';
import type { CloudEventEncoding } from '../../dialects/cloudevents-encoding.ts';
import { cloudEvent, CLOUDEVENTS } from '../../dialects/cloudevents.ts';
import { asForm } from '../../dialects/native-messages.ts';
import type { Page } from '../../hub/history-page.ts';
import { timeAt } from '../../model/cursor.ts';
import { BelfryError } from '../../model/errors.ts';
import { HUB_TYPE } from '../../model/event.ts';
import { mapInSlices } from '../../model/time-slice.ts';
import { CURSOR, setLinks } from '../http/pagination.ts';
import { checked, query } from './query.ts';
import { named } from './route.ts';

/** The media type of a list of CloudEvents. */
export const BATCH = 'application/cloudevents-batch+json';
/** The media type of one CloudEvent. */
export const STRUCTURED = 'application/cloudevents+json';

export const CLOUD_EVENT = named('CloudEvent', cloudEvent);
export const CLOUD_EVENTS = named('CloudEvents', z.array(cloudEvent).describe('A batch of CloudEvents'));

/** How the events of an answer are written. */
export const AS_CLOUDEVENTS = query({
  as: checked(
    asForm,
    () =>
      new BelfryError(
        'parameter_invalid',
        `The parameter as is not usable. Expected "${CLOUDEVENTS}", or nothing.`,
      ),
  ),
});

/**
 * A page of history as a batch of CloudEvents. A batch has no place for what a page says beside its events: headers say where
 * the log goes on, and a gap comes first, as the event by which the hub tells of it elsewhere.
 */
export async function cloudEventsPage(
  request: Request,
  response: Response,
  { events, gap, cursor, more, earlier }: Page,
  { encode, now }: Pick<CloudEventEncoding, 'encode'> & { readonly now: number },
): Promise<string> {
  const told = gap && {
    time: timeAt(now),
    type: HUB_TYPE,
    action: 'gap',
    key: '',
    object: { ...gap },
    size: 0,
  };
  const texts = await mapInSlices(events, encode);
  response.set({ 'Content-Type': BATCH, [CURSOR]: cursor });
  setLinks(request, response, {
    ...(more && { next: ['since', cursor] }),
    ...(earlier !== undefined && { prev: ['until', earlier] }),
  });
  return `[${[...(told ? [encode(told)] : []), ...texts].join()}]`;
}

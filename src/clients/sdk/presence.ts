import { order } from './positions.ts';
import { exactPattern } from '../../model/exact-pattern.ts';
import { cursorOf, read, type Source, type ValuesOptions } from './values.ts';

/** Whether a principal is online. */
export interface Presence {
  readonly principal: string;
  readonly online: boolean;
  /** Since when it has been online or offline, as RFC 3339. `null` if it was never seen, or only long ago. */
  readonly since: string | null;
  /** When it was online last, as RFC 3339. */
  readonly lastSeen: string | null;
}

/**
 * The presence of one principal, and each change. Some changes are told live only, so the client listens before it
 * reads. Changes up to the position of the answer are in the answer.
 */
export async function* presence(
  source: Source,
  principal: string,
  { signal }: Pick<ValuesOptions, 'signal'>,
): AsyncGenerator<Presence, void> {
  const listener = source.listen(
    exactPattern('presence', undefined, principal),
    signal === undefined ? {} : { signal },
  );
  let known: string | undefined;
  const readOne = async (): Promise<Presence> => {
    const path = `api/v3/presence?principal=${encodeURIComponent(principal)}`;
    const response = await read(source, path, signal);
    known = cursorOf(response);
    return presenceIn((await response.json()) as Presence);
  };
  try {
    await listener.ready;
    yield await readOne();
    for await (const item of listener) {
      if (item.gap !== undefined) yield await readOne();
      else if (item.id === undefined || known === undefined || !order.includes(known, item.id))
        yield presenceIn(item.object as Presence);
    }
  } finally {
    listener.close();
  }
}

/** The answer of the hub also has the connections of the principal, which its events do not have. */
function presenceIn({ principal, online, since, lastSeen }: Presence): Presence {
  return { principal, online, since, lastSeen };
}

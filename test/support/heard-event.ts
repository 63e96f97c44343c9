import { readMessage } from '../../src/broker/redis-channel-message.ts';
import type { Cursor } from '../../src/model/cursor.ts';
import { HeardEvent, type BodyForm, type BodyReader } from '../../src/model/heard-event.ts';

const reader: BodyReader = { readBody: () => ({ type: 't', action: 'a', key: 'k', object: 1 }) };

/** An event `t.a.<key>` as a node hears it from the channel. */
export function heardEvent(
  previous: Cursor,
  id: Cursor,
  { key = 'k', bytes = '{}', form = 'canonical' }: { key?: string; bytes?: string; form?: BodyForm } = {},
): HeardEvent {
  const latin1 = Buffer.from(key).toString('latin1');
  const [told] = readMessage(`Ap ${previous}\xff${id}\xfft\xffa\xff${latin1}\xff${bytes}`) ?? [];
  if (told === undefined) throw new Error('The message is not one of a node.');
  return new HeardEvent(told, told.bytes, form, reader);
}

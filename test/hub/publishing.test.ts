import { describe, expect, it } from 'vitest';
import { apiRefusal } from '../../src/dialects/refusal.ts';
import { asBelfryError } from '../../src/model/errors.ts';
import { OutcomeUnknown, type Once } from '../../src/model/idempotency.ts';
import type { NewEvent } from '../../src/model/event.ts';
import { publishAs } from '../../src/hub/publishing.ts';
import { anIdentity, settled, startHub, TestBroker } from '../support/connection.ts';

const ATTEMPT = { boot: 'bootbootboot', number: 7, at: 0 };
const event: NewEvent = { type: 'profiles', action: 'save', key: 'global', object: null };
const publish = { id: 'p', command: 'publish', events: [event] };

describe('a publish whose outcome is unknown', () => {
  it('is answered on a socket with a key for its repetition, which the hub then takes', async () => {
    const { broker, connect, clock } = await startHub();
    const client = connect();
    const attempt = { ...ATTEMPT, at: clock.now() };
    broker.failure = new OutcomeUnknown(attempt);
    client.send(publish);
    await settled();
    const [told] = client.take();
    const { code, idempotencyKey } = (told?.object ?? {}) as { code?: string; idempotencyKey?: string };
    expect([code, idempotencyKey]).toEqual(['outcome_unknown', expect.stringMatching(/^belfry\./)]);
    broker.failure = undefined;
    client.send({ ...publish, idempotencyKey });
    await settled();
    expect(broker.once.at(-1)).toMatchObject({ repeats: attempt });
  });

  it('is answered by HTTP with a key for its repetition in a header and in the body', async () => {
    const broker = new TestBroker();
    broker.failure = new OutcomeUnknown(ATTEMPT);
    const publishing = { broker, identity: anIdentity(), events: [event], now: 0 };
    const refused = async (idempotencyKey?: string) => {
      const error = await publishAs({ ...publishing, idempotencyKey }).catch(asBelfryError);
      return apiRefusal(error as OutcomeUnknown, 'POST');
    };
    const { status, headers, body } = await refused();
    const key = headers['Idempotency-Key'];
    expect([status, headers['Retry-After'], key]).toEqual([503, '1', expect.stringMatching(/^belfry\./)]);
    expect(JSON.parse(body ?? '')).toMatchObject({ idempotencyKey: key });
    expect((await refused('mine')).headers['Idempotency-Key']).toBe('mine');
    const inBytes = Buffer.from('ключ').toString('latin1');
    expect((await refused('ключ')).headers['Idempotency-Key']).toBe(inBytes);
  });
});

describe('the digest that goes with an idempotency key', () => {
  it('is made of what the publisher wrote, whatever the hub adds to it', async () => {
    const broker = new TestBroker();
    const publishing = { broker, identity: anIdentity(), events: [event], idempotencyKey: 'k', now: 0 };
    await publishAs(publishing);
    await publishAs({ ...publishing, carried: [{ ...event, metadata: { traceparent: 'x' } }] });
    const [one, two] = broker.once as [Once, Once];
    expect(one).toEqual(two);
    expect(broker.published[1]).toMatchObject([{ metadata: { traceparent: 'x' } }]);
  });
});

import { describe, expect, it } from 'vitest';
import { drp } from '../../src/dialects/drp.ts';
import { REDACTED } from '../../src/model/redact-names.ts';
import { Redaction } from '../../src/model/redaction.ts';
import { anIdentity, settled, startHub, type TestConnection } from '../support/connection.ts';

const redaction = new Redaction([
  { fields: ['ssn'], except: ['hr'] },
  { fields: ['object.salary'], except: ['hr', 'boss'], events: 'people.*.*' },
]);
const PERSON = {
  type: 'people',
  action: 'save',
  key: 'ada',
  object: { ssn: 'geheim', salary: 1, name: 'Ada' },
};

const as = (...roles: string[]): { identity: ReturnType<typeof anIdentity> } => ({
  identity: anIdentity({ roles }),
});
const heard = (client: TestConnection): unknown[] => client.take().map(({ object }) => object);

describe('a field that only some roles may see', () => {
  it('is shown to these roles and to admin, and masked for all others', async () => {
    const { subscriber, publish } = await startHub({ redaction });
    const [hr, admin, boss, nobody] = [['hr'], ['admin'], ['boss', 'other'], []].map((roles) =>
      subscriber(['*.*.*'], as(...roles)),
    ) as [TestConnection, TestConnection, TestConnection, TestConnection];
    publish(PERSON);
    expect(heard(hr)).toEqual([PERSON.object]);
    expect(heard(admin)).toEqual([PERSON.object]);
    expect(heard(boss)).toEqual([{ ...PERSON.object, ssn: REDACTED }]);
    expect(heard(nobody)).toEqual([{ name: 'Ada', ssn: REDACTED, salary: REDACTED }]);
  });

  it('is masked in every dialect', async () => {
    const { connect, publish } = await startHub({ redaction });
    const client = connect({ dialect: drp });
    client.send('register *.*.*');
    publish({ ...PERSON, original: PERSON.object });
    const text = client.takeTexts().at(-1) ?? '';
    expect(JSON.parse(text)).toMatchObject({ Object: { ssn: REDACTED }, Original: { ssn: REDACTED } });
    expect(text).not.toContain('geheim');
  });

  it('cannot be found out with a filter', async () => {
    const { subscriber, publish } = await startHub({ redaction });
    const filters = { 'object.ssn': 'geheim' };
    const curious = subscriber(['*.*.*'], { filters });
    const hr = subscriber(['*.*.*'], { ...as('hr'), filters });
    const masked = subscriber(['*.*.*'], { filters: { 'object.ssn': REDACTED } });
    publish(PERSON);
    expect([curious, hr, masked].map((client) => client.takeKeys())).toEqual([[], ['ada'], ['ada']]);
  });

  it('is masked in replayed events, and cannot be found out there either', async () => {
    const { connect, publish } = await startHub({ redaction, recentEvents: 1 });
    for (const key of ['one', 'two', 'three']) publish({ ...PERSON, key });
    const replay = { since: '0-0' };
    const [client, curious, hr] = [connect(), connect(), connect(as('hr'))];
    client.subscribe(['*.*.*'], replay);
    curious.subscribe(['*.*.*'], { ...replay, filters: { 'object.ssn': 'geheim' } });
    hr.subscribe(['*.*.*'], replay);
    await settled();
    const objects = (of: TestConnection): unknown[] =>
      of.take().flatMap(({ type, object }) => (type === 'people' ? [object] : []));
    const masked = { name: 'Ada', ssn: REDACTED, salary: REDACTED };
    expect(objects(client)).toEqual([masked, masked, masked]);
    expect(objects(curious)).toEqual([]);
    expect(objects(hr)).toEqual([PERSON.object, PERSON.object, PERSON.object]);
  });

  it('is shown or masked by the roles of a later token', async () => {
    const { subscriber, publish } = await startHub({
      redaction,
      authenticate: async (role) => anIdentity({ roles: [role] }),
    });
    const client = subscriber(['people.*.*']);
    const seen: unknown[] = [];
    for (const role of ['hr', 'boss', 'other']) {
      client.send({ id: 1, command: 'auth', token: role });
      await settled();
      publish(PERSON);
      seen.push(...client.take().flatMap(({ type, object }) => (type === 'people' ? [object] : [])));
    }
    expect(seen).toEqual([
      PERSON.object,
      { ...PERSON.object, ssn: REDACTED },
      { name: 'Ada', ssn: REDACTED, salary: REDACTED },
    ]);
  });

  it('is not masked in events of the hub itself', async () => {
    const { connect } = await startHub({ redaction: new Redaction([{ fields: ['*'], except: ['hr'] }]) });
    const client = connect();
    client.subscribe(['people.*.*']);
    expect(heard(client)).toEqual([expect.objectContaining({ patterns: ['people.*.*'] })]);
  });
});

describe('connections with redaction', () => {
  it('share a cohort when their roles have the same view, and none when they do not', async () => {
    const { subscriber } = await startHub({ redaction });
    const cohorts = [['hr'], ['admin', 'x'], ['boss'], ['boss', 'x'], [], ['x']].map(
      (roles) => subscriber(['*.*.*'], as(...roles)).connection.cohort,
    );
    expect(cohorts).not.toContain(undefined);
    expect(cohorts[0]).toBe(cohorts[1]);
    expect(cohorts[2]).toBe(cohorts[3]);
    expect(cohorts[4]).toBe(cohorts[5]);
    expect(new Set(cohorts).size).toBe(3);
  });

  it('share one text and one frame for each view, however many cohorts there are', async () => {
    const { subscriber, publish, hub } = await startHub({ redaction });
    const patterns = [['*.*.*'], ['people.*.*'], ['people.save.*']];
    const clients = Array.from({ length: 300 }, (_, n) =>
      subscriber(patterns[n % 3] ?? [], as(...(n % 2 === 0 ? ['hr'] : []))),
    );
    const { encodes, frames } = hub.stats;
    publish(PERSON);
    expect([hub.stats.encodes - encodes, hub.stats.frames - frames]).toEqual([2, 2]);
    expect(new Set(clients.map((client) => client.takeTexts().join())).size).toBe(2);
  });

  it('share one text and one frame for all views when nothing is masked', async () => {
    const { subscriber, publish, hub } = await startHub({ redaction });
    const clients = [['hr'], ['boss'], []].map((roles) => subscriber(['*.*.*'], as(...roles)));
    const { encodes, frames } = hub.stats;
    publish({ ...PERSON, object: { name: 'Ada' } });
    expect([hub.stats.encodes - encodes, hub.stats.frames - frames]).toEqual([1, 1]);
    expect(new Set(clients.map(({ transport }) => transport.writes.at(-1))).size).toBe(1);
  });
});

import { describe, expect, it } from 'vitest';
import { drp } from '../../src/dialects/drp.ts';
import { Grants } from '../../src/model/principal.ts';
import { anIdentity, startHub, type TestConnection } from '../support/connection.ts';

const sameCohort = (one: TestConnection, two: TestConnection): boolean =>
  one.connection.cohort !== undefined && one.connection.cohort === two.connection.cohort;

describe('connections of a node', () => {
  it('share a cohort when they subscribe to the same, in whatever order they subscribed', async () => {
    const { subscriber } = await startHub();
    const one = subscriber(['a.b.c', 'd.*.*']);
    const two = subscriber(['d.*.*']);
    two.subscribe(['a.b.c']);
    const three = subscriber(['x.x.x', 'a.b.c', 'd.*.*']);
    three.send({ id: 1, command: 'unsubscribe', patterns: ['x.x.x'] });
    expect(sameCohort(one, two)).toBe(true);
    expect(sameCohort(one, three)).toBe(true);
  });

  it('share a cohort when their filters are the same in another order', async () => {
    const { subscriber } = await startHub();
    const one = subscriber(['a.b.*'], { filters: { 'object.a': 1, 'object.b': [2] } });
    const two = subscriber(['a.b.*'], { filters: { 'object.b': 2, 'object.a': [1] } });
    expect(sameCohort(one, two)).toBe(true);
  });

  it('share no cohort when dialect, patterns, filters or grants differ', async () => {
    const { connect, subscriber } = await startHub();
    const one = subscriber(['a.b.*']);
    const speaksDrp = connect({ dialect: drp });
    speaksDrp.send('register a.b.*');
    const others = [
      speaksDrp,
      subscriber(['a.b.c']),
      subscriber(['a.b.*', 'a.b.c']),
      subscriber(['a.b.*'], { filters: { 'object.a': 1 } }),
      subscriber(['a.b.*'], { identity: anIdentity({ subscribe: Grants.parse(['a.*.*']) }) }),
    ];
    const cohorts = [one, ...others].map(({ connection }) => connection.cohort);
    expect(cohorts).not.toContain(undefined);
    expect(new Set(cohorts).size).toBe(cohorts.length);
  });

  it.each([
    ['a zero byte', ['a.b.c', 'd.e.f'], ['a.b.c\u0000d.e.f']],
    ['a line break', ['a.b.c', 'd.e.f'], ['a.b.c\nd.e.f']],
    ['a comma', ['a.b.c', 'd.e.f'], ['a.b.c,d.e.f']],
    ['a quote', ['a.b.c', 'd.e.f'], ['a.b.c","d.e.f']],
  ])('share no cohort with a key that only looks the same: %s', async (_what, patterns, odd) => {
    const { subscriber, publish } = await startHub();
    const attacker = subscriber(odd);
    const client = subscriber(patterns);
    expect(sameCohort(attacker, client)).toBe(false);
    publish({ type: 'd', action: 'e', key: 'f' });
    expect(client.takeKeys()).toEqual(['f']);
    expect(attacker.takeKeys()).toEqual([]);
  });

  it('share no cohort when the pattern of one reads like the filter of another', async () => {
    const { subscriber } = await startHub();
    const filtered = subscriber(['a.b.c'], { filters: { x: 1 } });
    const odd = subscriber(['["a.b.c","x=[1]"]']);
    expect(sameCohort(filtered, odd)).toBe(false);
  });

  it('have no cohort when they subscribe to nothing', async () => {
    const { connect } = await startHub();
    expect(connect().connection.cohort).toBeUndefined();
  });
});

describe('an event that a node delivers', () => {
  it('reaches a cohort once, though several patterns match', async () => {
    const { subscriber, publish, hub } = await startHub();
    const client = subscriber([
      '*.*.*',
      'profiles.*.*',
      'profiles.save.global',
      'profiles,x.save,y.global,z',
    ]);
    publish();
    expect(client.takeKeys()).toEqual(['global']);
    expect(hub.stats.total.delivered - 1).toBe(1);
  });

  it('is encoded and framed once for each dialect, for a thousand connections', async () => {
    const { connect, subscriber, hub, publish } = await startHub();
    const natives = Array.from({ length: 600 }, (_, index) =>
      subscriber(index % 2 === 0 ? ['profiles.*.*'] : ['*.save.*']),
    );
    const drps = Array.from({ length: 400 }, () => connect({ dialect: drp }));
    for (const client of drps) client.send('register profiles.*.*');
    const { encodes, frames } = hub.stats;
    const { delivered } = hub.stats.total;
    publish();
    expect(hub.stats.encodes - encodes).toBe(2);
    expect(hub.stats.frames - frames).toBe(2);
    expect(hub.stats.total.delivered - delivered).toBe(1_000);
    expect(new Set(natives.map((client) => client.takeTexts().join('\n'))).size).toBe(1);
    expect(new Set(drps.map((client) => client.takeTexts().at(-1))).size).toBe(1);
  });

  it('is written to every member of a cohort as the same bytes, without a copy', async () => {
    const { subscriber, publish } = await startHub();
    const [one, two] = [subscriber(['*.*.*']), subscriber(['*.*.*'])];
    publish();
    expect(one.transport.writes.at(-1)).toBe(two.transport.writes.at(-1));
  });

  it('is not encoded when nobody hears it', async () => {
    const { subscriber, publish, hub } = await startHub();
    subscriber(['machines.*.*']);
    subscriber(['profiles.*.*'], { filters: { 'object.status': 'Running' } });
    const { encodes } = hub.stats;
    publish();
    expect(hub.stats.encodes).toBe(encodes);
  });

  it('is heard when the grants and the filters of one subscription admit it', async () => {
    const { connect, publish } = await startHub();
    const client = connect({
      identity: anIdentity({ subscribe: Grants.parse(['jobs.*.*', 'machines.*.m1']) }),
    });
    client.subscribe(['jobs.*.*'], { filters: { 'object.state': 'failed' } });
    client.subscribe(['machines.*.*']);
    publish({ type: 'jobs', key: 'j1', object: { state: 'failed' } });
    publish({ type: 'jobs', key: 'j2', object: { state: 'finished' } });
    publish({ type: 'machines', key: 'm1', object: { state: 'finished' } });
    publish({ type: 'machines', key: 'm2', object: { state: 'failed' } });
    publish({ type: 'profiles', key: 'p1', object: { state: 'failed' } });
    expect(client.takeKeys()).toEqual(['j1', 'm1']);
  });

  it('reaches every subscriber whose dialect supports it when it is an event of the hub itself', async () => {
    const { connect, subscriber, broker, hub } = await startHub();
    const client = subscriber(['machines.*.*']);
    const silent = connect();
    const speaksDrp = connect({ dialect: drp });
    speaksDrp.send('register *.*.*');
    speaksDrp.takeTexts();
    broker.deliverLive({ type: 'belfry', action: 'gap', key: '1-0', object: { from: '1-0' } });
    hub.delivery.flush();
    expect(client.take()).toMatchObject([{ type: 'belfry', action: 'gap', key: '1-0' }]);
    expect(silent.takeTexts()).toEqual([]);
    expect(speaksDrp.takeTexts()).toEqual([]);
    expect(hub.stats.gaps).toBe(1);
  });
});

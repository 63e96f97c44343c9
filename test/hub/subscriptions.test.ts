import { describe, expect, it } from 'vitest';
import type { Command, Dialect, Subscription } from '../../src/dialects/dialect.ts';
import { native } from '../../src/dialects/native.ts';
import { Pattern } from '../../src/model/pattern.ts';
import { ANONYMOUS, Grants } from '../../src/model/principal.ts';
import { anIdentity, settled, startHub, type TestConnection } from '../support/connection.ts';

type Beyond = Subscription['onForbidden'];

function subscription(text: string, onForbidden?: Beyond): Subscription {
  return { name: text, pattern: Pattern.parse(text), filters: [], ...(onForbidden && { onForbidden }) };
}

function subscribe(...subscriptions: Subscription[]): Command & { kind: 'subscribe' } {
  return { kind: 'subscribe', ref: 's', subscriptions };
}

const onlyA = anIdentity({ subscribe: Grants.parse(['a.*.*']) });

/** The refusals and the subscriptions, in the order in which the client was told of them. */
function told(client: TestConnection): unknown[] {
  return client.take().map(({ action, object }) => {
    const { code, patterns } = object as { code?: string; patterns?: string[] };
    return action === 'error' ? code : patterns;
  });
}

describe('a subscription beyond the grants', () => {
  it('is refused with its whole command', async () => {
    const { connect, commands } = await startHub();
    const client = connect({ identity: onlyA });
    commands.run(client.connection, subscribe(subscription('a.*.*'), subscription('b.*.*')));
    expect(told(client)).toEqual(['forbidden']);
    expect(client.connection.subscriptions.size).toBe(0);
  });

  it('is refused alone where its dialect says so, under its name, and the others begin', async () => {
    const { connect, commands } = await startHub();
    const client = connect({ identity: onlyA });
    commands.run(
      client.connection,
      subscribe(subscription('b.*.*', 'alone'), subscription('a.*.*', 'alone')),
    );
    const [refusal, reply] = client.take();
    expect(refusal).toMatchObject({ action: 'error', key: 's', object: { code: 'forbidden' } });
    expect(JSON.stringify(refusal?.object)).toContain('no grant to hear \\"b.*.*\\"');
    expect(reply).toMatchObject({ action: 'subscribe', object: { patterns: ['a.*.*'] } });
  });

  it('changes nothing when no other subscription is in its command', async () => {
    const { connect, commands, publish } = await startHub();
    const client = connect({ identity: onlyA });
    commands.run(client.connection, subscribe(subscription('a.*.*')));
    commands.run(client.connection, { ...subscribe(subscription('b.*.*', 'alone')), replaces: ['a.*.*'] });
    expect(told(client)).toEqual([['a.*.*'], 'forbidden']);
    publish({ type: 'a', key: 'still' });
    expect(client.takeKeys()).toEqual(['still']);
  });

  it('waits in silence for a token that permits it where its dialect says so', async () => {
    const test = await startHub({ authenticate: async () => onlyA });
    const client = test.connect({ identity: ANONYMOUS, authWithinMs: 1_000 });
    test.commands.run(
      client.connection,
      subscribe(subscription('a.*.*', 'kept'), subscription('b.*.*', 'kept')),
    );
    expect(told(client)).toEqual([['a.*.*', 'b.*.*']]);
    test.publish({ type: 'a', key: 'before' });
    client.send({ id: 1, command: 'auth', token: 't' });
    await settled();
    for (const type of ['a', 'b']) test.publish({ type, key: `after ${type}` });
    expect(client.takeKeys()).toEqual(['after a']);
  });

  it('is replayed from before that token came, without what was heard under the same grants', async () => {
    const test = await startHub({ authenticate: async () => onlyA });
    const client = test.connect({ identity: ANONYMOUS, authWithinMs: 1_000 });
    const waiting = subscription('a.*.*', 'kept');
    test.commands.run(client.connection, subscribe(waiting));
    test.publish({ type: 'a', key: 'before' });
    const auth = async (): Promise<void> => {
      client.send({ id: 1, command: 'auth', token: 't' });
      await settled();
    };
    await auth();
    test.publish({ type: 'a', key: 'after' });
    await auth();
    expect(client.takeKeys()).toEqual(['after']);
    test.commands.run(client.connection, { ...subscribe(waiting), replay: { since: '0-0' } });
    await settled();
    expect(client.takeKeys()).toEqual(['before']);
  });
});

describe('subscriptions that replace others', () => {
  it('end the others in the same turn', async () => {
    const { connect, commands, publish } = await startHub();
    const client = connect();
    commands.run(client.connection, subscribe(subscription('a.*.*'), subscription('b.*.*')));
    commands.run(client.connection, { ...subscribe(subscription('c.*.*')), replaces: ['a.*.*', 'x.y.z'] });
    client.takeTexts();
    for (const type of ['a', 'b', 'c']) publish({ type, key: type });
    expect(client.takeKeys()).toEqual(['b', 'c']);
  });

  it('need no room beside the others', async () => {
    const { connect, commands } = await startHub({ maxTopics: 2 });
    const client = connect({ limits: { subscriptionsMax: 2 } });
    commands.run(client.connection, subscribe(subscription('a.*.*'), subscription('b.*.*')));
    commands.run(client.connection, { ...subscribe(subscription('c.*.*')), replaces: ['a.*.*'] });
    commands.run(client.connection, subscribe(subscription('d.*.*')));
    expect(told(client)).toEqual([['a.*.*', 'b.*.*'], ['c.*.*'], 'subscriptions_exceeded']);
  });
});

describe('a dialect that grants more than tokens say', () => {
  it('does so for a later token too', async () => {
    const generous: Dialect = { ...native, identify: (identity) => ({ ...identity, subscribe: Grants.all }) };
    const test = await startHub({ authenticate: async () => anIdentity({ subscribe: Grants.none }) });
    const client = test.connect({ dialect: generous, identity: ANONYMOUS });
    client.send({ id: 1, command: 'auth', token: 't' });
    await settled();
    client.subscribe(['a.*.*']);
    client.takeTexts();
    test.publish({ type: 'a', key: 'heard' });
    expect(client.takeKeys()).toEqual(['heard']);
  });
});

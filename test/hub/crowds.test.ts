import { describe, expect, it } from 'vitest';
import { provisioning } from '../../src/dialects/provisioning.ts';
import { ANONYMOUS } from '../../src/model/principal.ts';
import { anIdentity, settled, startHub, type ConnectOptions, type TestHub } from '../support/connection.ts';

const bounded: ConnectOptions = { limits: { connectionsPerPrincipal: 2 } };
const bea = { ...bounded, identity: anIdentity({ principal: 'user:bea' }) };

const open = ({ hub }: TestHub): number => hub.connections.size;

describe('connections of one principal', () => {
  it('are closed with 1013 beyond what their dialect allows', async () => {
    const test = await startHub();
    const [one, two, three] = [test.connect(bounded), test.connect(bounded), test.connect(bounded)];
    expect(three.outlet.closed?.code).toBe(1013);
    expect([one.outlet.closed, two.outlet.closed]).toEqual([undefined, undefined]);
    expect(open(test)).toBe(2);
  });

  it('do not count for other principals, for other dialects, or where none are bounded', async () => {
    const test = await startHub();
    for (const options of [bounded, bea, { ...bounded, dialect: provisioning }, {}]) {
      test.connect(options);
      test.connect(options);
    }
    expect(open(test)).toBe(8);
  });

  it('make room when they go', async () => {
    const test = await startHub();
    const one = test.connect(bounded);
    test.connect(bounded);
    test.hub.detach(one.connection);
    test.hub.detach(one.connection);
    test.connect(bounded);
    expect(open(test)).toBe(2);
    expect(test.connect(bounded).outlet.closed?.code).toBe(1013);
  });

  it('count under the principal that they say they are, and no more under the one before', async () => {
    const test = await startHub();
    const one = test.connect(bounded);
    test.connect(bea);
    test.hub.identify(one.connection, bea.identity);
    expect(test.connect(bea).outlet.closed?.code).toBe(1013);
    test.connect(bounded);
    test.connect(bounded);
    expect(open(test)).toBe(4);
  });

  it('are closed with 1013 when they turn out to be one too many', async () => {
    const test = await startHub({ authenticate: async () => bea.identity });
    test.connect(bea);
    test.connect(bea);
    const third = test.connect({ ...bounded, identity: ANONYMOUS, authWithinMs: 1_000 });
    third.send({ id: 1, command: 'auth', token: 't' });
    await settled();
    expect(third.outlet.closed?.code).toBe(1013);
  });

  it('that say again who they are stay', async () => {
    const test = await startHub();
    const [one, two] = [test.connect(bea), test.connect(bea)];
    test.hub.identify(one.connection, bea.identity);
    expect([one.connection.isOpen, two.connection.isOpen]).toEqual([true, true]);
    expect(test.connect(bea).outlet.closed?.code).toBe(1013);
  });

  it('that have yet to say who they are share no bound', async () => {
    const test = await startHub();
    for (let n = 0; n < 5; n++) test.connect({ ...bounded, identity: ANONYMOUS, authWithinMs: 1_000 });
    expect(open(test)).toBe(5);
  });
});

import { describe, expect, it } from 'vitest';
import { DEFAULT_INTEREST, InterestRules } from '../../src/model/interest.ts';
import { Grants } from '../../src/model/principal.ts';
import { anIdentity, startHub, type TestConnection, type TestHub } from '../support/connection.ts';

/** A hub, and what it says of each topic: `+` when somebody begins to listen to it, `-` when nobody does any more. */
async function listeningHub(rules = DEFAULT_INTEREST): Promise<TestHub & { readonly said: string[] }> {
  const said: string[] = [];
  const interest = {
    set: (topic: string, isHeard: boolean) => void said.push(`${isHeard ? '+' : '-'}${topic}`),
  };
  return { ...(await startHub({ interestRules: new InterestRules(rules), interest })), said };
}

function leave({ hub }: TestHub, client: TestConnection): void {
  hub.connections.detach(client.connection, 'gone');
}

describe('what a node says of the topics that its clients listen to', () => {
  it('is said when the first client comes and when the last one goes', async () => {
    const node = await listeningHub();
    const clients = [1, 2, 3].map(() => node.subscriber(['container.log.42', 'deploy.*.*']));
    const other = node.subscriber(['container.log,status.42']);
    expect(node.said).toEqual(['+container.log.42']);
    for (const client of clients) leave(node, client);
    expect(node.said).toEqual(['+container.log.42']);
    leave(node, other);
    expect(node.said).toEqual(['+container.log.42', '-container.log.42']);
  });

  it('follows each change of the subscriptions of a client', async () => {
    const node = await listeningHub();
    const client = node.subscriber(['container.log.1', 'deploy.*.*']);
    client.subscribe(['container.log.2', 'container.stats.1']);
    client.send({ id: 'u', command: 'unsubscribe', patterns: ['container.log.1'] });
    expect(node.said).toEqual([
      '+container.log.1',
      '+container.log.2',
      '+container.stats.1',
      '-container.log.1',
    ]);
    leave(node, client);
    expect(node.said.slice(4).toSorted()).toEqual(['-container.log.2', '-container.stats.1']);
  });

  it('ends with the subscriptions of a client that joins others, though its cohort is kept for it', async () => {
    const node = await listeningHub();
    node.subscriber(['deploy.*.*']);
    const client = node.subscriber(['deploy.*.*', 'container.log.1']);
    client.send({ id: 'u', command: 'unsubscribe', patterns: ['container.log.1'] });
    expect(node.said).toEqual(['+container.log.1', '-container.log.1']);
    client.subscribe(['container.log.1']);
    expect(node.said.slice(2)).toEqual(['+container.log.1']);
    leave(node, client);
    expect(node.said.slice(3)).toEqual(['-container.log.1']);
  });

  it('counts only what the client may hear, and follows a new identity', async () => {
    const node = await listeningHub();
    const identity = anIdentity({ subscribe: Grants.parse(['container.status.*']) });
    const client = node.subscriber(['container.status,log.1'], { identity });
    expect(node.said).toEqual([]);
    await node.hub.connections.identify(client.connection, anIdentity());
    expect(node.said).toEqual(['+container.log.1']);
    await node.hub.connections.identify(client.connection, identity);
    expect(node.said).toEqual(['+container.log.1', '-container.log.1']);
  });

  it('agrees with the clients after any number of changes, and ends with the last client', async () => {
    const node = await listeningHub();
    const listening = new Set<string>();
    const patterns = ['container.log.1', 'container.log.2', 'container.log,stats.1', 'deploy.*.*', '*.*.*'];
    let clients: { client: TestConnection; has: Set<string> }[] = [];
    let seed = 7;
    const random = (max: number): number => (seed = (seed * 16_807) % 2_147_483_647) % max;
    for (let step = 0; step < 400; step++) {
      const pattern = patterns[random(patterns.length)] ?? '';
      const one = clients[random(clients.length || 1)];
      const what = random(6);
      if (one === undefined || (what === 0 && clients.length < 8))
        clients.push({ client: node.subscriber([pattern]), has: new Set([pattern]) });
      else if (what === 1) {
        leave(node, one.client);
        clients = clients.filter((each) => each !== one);
      } else if (what < 4) {
        one.client.subscribe([pattern]);
        one.has.add(pattern);
      } else {
        one.client.send({ id: 'u', command: 'unsubscribe', patterns: [pattern] });
        one.has.delete(pattern);
      }
      if (random(4) === 0) {
        node.broker.append({ type: 'container', action: 'log', key: '1' });
        if (random(2) === 0) node.hub.delivery.flush();
      }
      for (const line of node.said.splice(0)) {
        const topic = line.slice(1);
        expect(listening.has(topic)).toBe(line.startsWith('-'));
        if (line.startsWith('+')) listening.add(topic);
        else listening.delete(topic);
      }
      const wanted = new Set<string>();
      for (const { has } of clients) {
        if (has.has('container.log.1') || has.has('container.log,stats.1')) wanted.add('container.log.1');
        if (has.has('container.log.2')) wanted.add('container.log.2');
        if (has.has('container.log,stats.1')) wanted.add('container.stats.1');
      }
      expect([...listening].toSorted()).toEqual([...wanted].toSorted());
    }
    for (const { client } of clients) leave(node, client);
    expect(new Set(node.said.map((line) => line.slice(1)))).toEqual(listening);
  });
});

import { describe, expect, it } from 'vitest';
import { withHub } from '../../src/clients/cli/command.ts';
import type { Session } from '../../src/clients/cli/session.ts';
import { Checkpoints } from '../../src/sources/checkpoints.ts';
import { startNode } from '../support/node.ts';

interface Written {
  readonly topic: string;
  readonly unit: string;
  readonly at: string;
  readonly name?: string;
}

async function publish(session: Session, written: readonly Written[]): Promise<void> {
  for (let from = 0; from < written.length; from += 256) {
    const events = written.slice(from, from + 256).map(({ topic, unit, at, name = 'test' }) => {
      const [type, action, key] = topic.split('.');
      return { type, action, key, object: at, metadata: { source: { name, unit, at, n: 0 } } };
    });
    await session.publish(JSON.stringify(events), `${written[from]?.unit}-${from}-${written[from]?.at}`);
  }
}

/** Runs with a hub, and counts what is asked. */
async function withCheckpoints(
  run: (session: Session, checkpoints: Checkpoints, asked: string[]) => Promise<void>,
): Promise<void> {
  const node = await startNode();
  await withHub({ url: node.url, token: await node.token() }, async (session) => {
    const asked: string[] = [];
    const counting: Pick<Session, 'ask'> = {
      ask: (path, init) => {
        asked.push(path);
        return session.ask(path, init);
      },
    };
    const gate = { pass: <T>(request: () => Promise<T>) => request() };
    const { signal } = new AbortController();
    await run(session, new Checkpoints({ name: 'test', session: counting, gate, signal }), asked);
  });
}

const ofUnit = (unit: string, count: number, topic = `app.log.${unit}`): Written[] =>
  Array.from({ length: count }, (_, n) => ({ topic, unit, at: String(n) }));

describe('the last position of a unit', () => {
  it('is read from what the hub retains of its topic, by one request', async () => {
    await withCheckpoints(async (session, checkpoints, asked) => {
      await publish(session, [
        { topic: 'container.log.web', unit: 'web', at: '7' },
        { topic: 'container.status.web', unit: 'other', at: '8' },
      ]);
      expect(await checkpoints.last('web', ['container.log.web'])).toEqual({ at: '7', n: 0 });
      expect(asked).toEqual(['api/v3/container/web?as=events&action=log']);
    });
  });

  it('is found in the log for many units by one walk from its end, although one of them fills it', async () => {
    await withCheckpoints(async (session, checkpoints, asked) => {
      await publish(session, [...ofUnit('quiet', 3), ...ofUnit('rare', 2), ...ofUnit('hot', 12_000)]);
      const units = ['quiet', 'rare', 'hot', 'none'];
      const found = await Promise.all(units.map((unit) => checkpoints.last(unit, [`app.log.${unit}`])));
      expect(found).toEqual([{ at: '2', n: 0 }, { at: '1', n: 0 }, { at: '11999', n: 0 }, undefined]);
      const walk = asked.filter((path) => path.startsWith('api/v3/events'));
      // Each page finds the last event of a unit or looks at 10,000 events.
      expect(walk.length).toBeLessThanOrEqual(6);
    });
  });

  it('is that of this source only, whatever others write about themselves', async () => {
    await withCheckpoints(async (session, checkpoints) => {
      await publish(session, [
        { topic: 'container.log.web', unit: 'web', at: '1' },
        { topic: 'container.log.web', unit: 'web', at: '2', name: 'another' },
      ]);
      await session.publish(
        '{"type":"container","action":"log","key":"web","object":1,"metadata":{"source":3}}',
        'x',
      );
      expect(await checkpoints.last('web', ['container.log.web'])).toEqual({ at: '1', n: 0 });
      expect(await checkpoints.last('web', ['container.*.*'])).toEqual({ at: '1', n: 0 });
    });
  });

  it('is not searched for in what is older than the thing that is watched', async () => {
    await withCheckpoints(async (session, checkpoints, asked) => {
      await publish(session, ofUnit('hot', 11_000));
      const begun = new Date(Date.now() + 3_600_000);
      expect(await checkpoints.last('new', ['app.log.new'], begun)).toBeUndefined();
      expect(asked.filter((path) => path.startsWith('api/v3/events'))).toHaveLength(1);
    });
  });

  it('is refused where the token does not permit to hear the events', async () => {
    const node = await startNode();
    const token = await node.token('ann', { publish: ['*.*.*'], subscribe: ['other.*.*'] });
    const reading = withHub({ url: node.url, token }, (session) => {
      const gate = { pass: <T>(request: () => Promise<T>) => request() };
      const { signal } = new AbortController();
      return new Checkpoints({ name: 'test', session, gate, signal }).last('web', ['app.*.*']);
    });
    await expect(reading).rejects.toMatchObject({ exit: 'notPermitted' });
  });
});

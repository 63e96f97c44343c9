import { describe, expect, it, onTestFinished } from 'vitest';
import { follow, type FollowOptions } from '../../../src/clients/cli/follow.ts';
import { Session } from '../../../src/clients/cli/session.ts';
import { fakeHub } from '../../../src/clients/sdk/testing.ts';

/** A command that hears jobs of a hub in memory, and has what it wants with the key `last`. */
function start(options: Partial<FollowOptions> = {}) {
  const fake = fakeHub();
  const base = new URL('http://hub.test/');
  const session = new Session(
    { base, token: 'any', insecure: false, context: undefined },
    fake.WebSocket,
    {},
  );
  onTestFinished(() => session.hub.close());
  const keys: string[] = [];
  const notes: string[] = [];
  const take = ({ key }: { readonly key: string }): boolean => keys.push(key) > 0 && key === 'last';
  const ended = follow(
    session,
    ['jobs.*.*'],
    { note: (line) => notes.push(line), awaited: 'The last job', ...options },
    take,
  );
  const isJoined = (): Promise<void> => session.hub.listen('jobs.*.*').ready;
  return { fake, keys, notes, ended, isJoined };
}

describe('a command that follows events', () => {
  it('goes on through a lost connection with each event once, and ends when it has what it wants', async () => {
    const { fake, keys, ended, isJoined } = start();
    await isJoined();
    fake.emit('jobs.save.1', null);
    fake.drop();
    fake.emit('jobs.save.2', null);
    fake.emit('jobs.save.last', null);
    await ended;
    expect(keys).toEqual(['1', '2', 'last']);
  });

  it('ends with 5 after a gap, and says where it was', async () => {
    const { fake, keys, notes, ended, isJoined } = start();
    await isJoined();
    fake.emit('jobs.save.1', null);
    await expect.poll(() => keys).toEqual(['1']);
    fake.emit('other.save.2', null);
    fake.drop();
    fake.gap();
    fake.emit('jobs.save.last', null);
    await expect(ended).rejects.toMatchObject({ exitCode: 5 });
    expect([keys, notes]).toEqual([['1', 'last'], [expect.stringMatching(/gap after .*trimmed/)]]);
  });

  it('ends with 124 when the hub is slower than it may be', async () => {
    const { fake, ended, isJoined } = start({ forMs: 300 });
    await isJoined();
    fake.slow();
    fake.emit('jobs.save.last', null);
    await expect(ended).rejects.toMatchObject({ exitCode: 124 });
  });

  it.each([4001, 4009])('ends with the reason when the hub closes for good with %i', async (code) => {
    const { fake, ended, isJoined } = start();
    await isJoined();
    if (code === 4001) fake.expire();
    else fake.drop(code, 'closed by an operator');
    await expect(ended).rejects.toMatchObject({ closeCode: code });
  });
});

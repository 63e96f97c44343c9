import { describe, expect, it } from 'vitest';
import { systemEnvironment } from '../../../src/clients/sdk/environment.ts';
import { late } from '../../../src/clients/sdk/late.ts';
import { ManualClock } from '../../support/clock.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A part of the client that cannot be loaded before the network is back. */
function part(): { load: () => Promise<string>; tries: () => number; comeBack: () => void } {
  let tries = 0;
  let isAway = true;
  return {
    load: () => {
      tries++;
      return isAway ? Promise.reject(new TypeError('no network')) : Promise.resolve('part');
    },
    tries: () => tries,
    comeBack: () => (isAway = false),
  };
}

describe('a part of the client that cannot be loaded', () => {
  it('is refused at once where nothing may wait for it', async () => {
    const { load } = part();
    await expect(late(load, systemEnvironment())).rejects.toMatchObject({
      code: 'offline',
      message: 'A part of the client was not loaded: TypeError: no network',
    });
  });

  it('is tried each second while a publish may wait, and no longer', async () => {
    const clock = new ManualClock();
    const environment = { ...systemEnvironment(), clock };
    const { load, tries, comeBack } = part();
    const first = late(load, environment, { offline: 'queue', ttlMs: 2_500 });
    const second = late(load, environment, { offline: 'queue', ttlMs: 10_000 });
    const refused = first.catch((error: unknown) => error);
    await turn();
    for (let s = 0; s < 3; s++) {
      clock.advance(1_000);
      await turn();
    }
    expect(await refused).toMatchObject({ code: 'offline' });
    expect(tries()).toBe(8);
    comeBack();
    clock.advance(1_000);
    expect(await second).toBe('part');
  });

  it('is not tried again once its signal is aborted', async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const { load } = part();
    const waiting = late(
      load,
      { ...systemEnvironment(), clock },
      { offline: 'queue', signal: controller.signal },
    );
    const refused = waiting.catch((error: unknown) => error);
    await turn();
    controller.abort();
    clock.advance(1_000);
    expect(await refused).toMatchObject({ name: 'AbortError' });
  });
});

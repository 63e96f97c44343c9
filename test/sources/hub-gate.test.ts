import { expect, it } from 'vitest';
import { HubError } from '../../src/clients/sdk/errors.ts';
import { HubGate } from '../../src/sources/hub-gate.ts';
import { ManualClock } from '../support/clock.ts';

it('a gate that waits for a hub which is away has no timer any more once its source has ended, so that the process ends', async () => {
  const clock = new ManualClock();
  const source = new AbortController();
  const gate = new HubGate({
    clock,
    random: () => 0.5,
    signal: source.signal,
    failed: () => undefined,
    recovered: () => undefined,
  });
  const away = new HubError('unavailable', 'No answer came from the hub.');
  await expect(gate.pass(() => Promise.reject(away))).rejects.toBe(away);
  const waiting = gate.pass(() => Promise.resolve());
  expect(clock.pending).toBe(1);
  source.abort();
  await expect(waiting).rejects.toBe(source.signal.reason);
  expect(clock.pending).toBe(0);
});

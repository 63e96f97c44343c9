import { describe, expect, it } from 'vitest';
import { joinedReadiness, type AskedWorker } from '../../src/gateway/rest/readiness.ts';

const ready = (worker: number, more: object = {}): AskedWorker => ({
  worker,
  isUp: true,
  answer: { readiness: { status: 'ready', publishing: true, warnings: [], ...more }, isLeaving: false },
});
const unready = (worker: number, isLeaving = false): AskedWorker => ({
  worker,
  isUp: true,
  answer: { readiness: { status: 'not ready', reason: `reason ${worker}` }, isLeaving },
});
const away = (worker: number): AskedWorker => ({ worker, isUp: false });

describe('the readiness of the workers of one process', () => {
  it('is that of all workers that take connections', () => {
    expect(joinedReadiness([ready(1), ready(2)])).toMatchObject({ status: 'ready' });
    expect(joinedReadiness([ready(1), unready(2)])).toMatchObject({
      status: 'not ready',
      reason: 'reason 2',
    });
  });

  it('does not wait for a worker that is away or leaving, as long as another one takes connections', () => {
    expect(joinedReadiness([ready(1), away(2), unready(3, true)])).toMatchObject({
      status: 'ready',
      workers: [
        { worker: 1, state: 'ready' },
        { worker: 2, state: 'away' },
        { worker: 3, state: 'leaving' },
      ],
    });
    expect(joinedReadiness([away(1), unready(2, true)])).toMatchObject({ status: 'not ready' });
  });

  it('is missing while a worker that takes connections is silent', () => {
    expect(joinedReadiness([ready(1), { worker: 2, isUp: true }])).toMatchObject({
      status: 'not ready',
      reason: expect.stringContaining('Worker 2 did not answer') as unknown,
    });
  });

  it('tells each warning once, and that a worker cannot publish', () => {
    const stuck = { warnings: ['w', 'x'], publishing: false, reason: 'full' };
    expect(joinedReadiness([ready(1, { warnings: ['w'] }), ready(2, stuck)])).toMatchObject({
      publishing: false,
      reason: 'full',
      warnings: ['w', 'x'],
    });
  });
});

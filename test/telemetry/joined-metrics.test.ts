import { describe, expect, it } from 'vitest';
import { joinedMetrics } from '../../src/telemetry/joined-metrics.ts';
import { MetricsPage } from '../support/metrics.ts';

const page = (worker: number): string =>
  `# HELP a Says a.\n# TYPE a counter\na{worker="${worker}"} ${worker}\n\n# HELP b Says b.\n# TYPE b gauge\nb{worker="${worker}"} 5\n`;

describe('the joined page of metrics', () => {
  it('holds each family once, with the series of all workers', () => {
    const joined = joinedMetrics([
      { worker: 1, restarts: 0, answer: page(1) },
      { worker: 2, restarts: 3, answer: page(2) },
    ]);
    expect(joined).toContain('# HELP a Says a.\n# TYPE a counter\na{worker="1"} 1\na{worker="2"} 2\n\n');
    expect(joined.match(/^# HELP b /gm)).toHaveLength(1);
    expect(new MetricsPage(joined).get('belfry_worker_restarts_total{worker="2"}')).toBe(3);
  });

  it('says which worker gave no answer', () => {
    const joined = new MetricsPage(
      joinedMetrics([
        { worker: 1, restarts: 0, answer: page(1) },
        { worker: 2, restarts: 0 },
      ]),
    );
    expect(joined.get('belfry_worker_up{worker="1"}')).toBe(1);
    expect(joined.get('belfry_worker_up{worker="2"}')).toBe(0);
    expect(joined.get('a{worker="2"}')).toBeUndefined();
  });
});

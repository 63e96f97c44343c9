import { describe, expect, it } from 'vitest';
import { barChart, ceiling, lineChart } from './svg.ts';

const CHART = {
  title: 'Memory & <time>',
  caption: 'a machine; 2026-01-01',
  isLogarithmic: true,
  xLabel: 'connections',
  yLabel: 'MiB',
  series: [
    {
      name: 'one',
      points: [
        [10, 0],
        [100, 50],
        [1_000, 100],
      ] as const,
    },
    {
      name: 'two',
      points: [
        [10, 100],
        [1_000, 99],
      ] as const,
    },
  ],
};

describe('a chart', () => {
  const svg = lineChart(CHART);

  it('places each point by its share of the axes', () => {
    expect(svg).toContain('d="M64 316L332 186L600 56"');
    expect(svg).toContain('d="M64 56L600 58.6"');
  });

  it('spaces the steps of a linear axis by their difference', () => {
    expect(lineChart({ ...CHART, isLogarithmic: false })).toContain('d="M64 316L112.7 186L600 56"');
  });

  it('names each line at its end, and no two names overlap', () => {
    const names = svg.matchAll(/<text class="s\d" x="612" y="([\d.]+)">/g);
    const [first = 0, second = 0] = Array.from(names, ([, y]) => Number(y));
    expect(second - first).toBeGreaterThanOrEqual(16);
  });

  it('has its own colors for dark screens, and text that is escaped', () => {
    expect(svg).toContain('prefers-color-scheme:dark');
    expect(svg).toContain('<title>Memory &amp; &lt;time&gt;</title>');
  });

  it('of no points is still a picture', () => {
    expect(lineChart({ ...CHART, series: [] })).not.toMatch(/NaN|Infinity/);
  });
});

describe('a chart of bars', () => {
  const svg = barChart({
    title: 'Recovery',
    caption: 'a machine; 2026-01-01',
    label: 'seconds',
    series: ['heard again', 'silent'],
    bars: [
      { name: 'Redis <killed>', values: [1, 4] },
      { name: 'a cut', values: [0, 2] },
    ],
  });

  it('draws each value by its share of the greatest one, with the number beside it', () => {
    expect(svg).toMatch(/class="bar s0" d="M16 [\d.]+H177"/);
    expect(svg).toMatch(/class="bar s1" d="M16 [\d.]+H660"\/><text class="value" x="665" y="[\d.]+">4</);
  });

  it('shows a value of zero as a thin line', () => {
    expect(svg).toMatch(/class="bar s0" d="M16 [\d.]+H17"/);
  });

  it('names each thing and each series, escaped', () => {
    expect(svg).toContain('Redis &lt;killed&gt;');
    expect(svg).toMatch(/heard again<\/text>[\s\S]*silent<\/text>/);
  });

  it('of nothing is still a picture', () => {
    expect(barChart({ title: '', caption: '', label: '', series: [], bars: [] })).not.toMatch(/NaN|Infinity/);
  });
});

describe('the end of an axis', () => {
  it.each([
    [0, 1],
    [1, 1],
    [7.3, 8],
    [9, 10],
    [23, 25],
    [26, 40],
    [0.3, 0.4],
  ])('for %f is %f', (value, expected) => {
    expect(ceiling(value)).toBeCloseTo(expected);
  });
});

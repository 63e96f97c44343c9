import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { axisEnd, type History, type Series } from './history.ts';

/** In pixels. */
const HEIGHT = 110;
const VALUES_WIDTH = 46;
const TIMES_HEIGHT = 22;
const MINUTE_S = 60;
const FONT = '11px ui-sans-serif, system-ui, sans-serif';

const MINUTE = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const SECOND = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const COMPACT = new Intl.NumberFormat(undefined, { notation: 'compact', maximumSignificantDigits: 3 });

export interface DrawnChart {
  /** Draws what the history holds now. */
  update(): void;
  remove(): void;
}

export interface Drawn {
  readonly history: History;
  /** The first line has the colour of the accent, the others are paler. */
  readonly series: readonly Series[];
  /** Called with the index of the sample under the pointer. */
  readonly onHover: (index: number | null) => void;
}

/** Draws lines over time into an element, in its width and in the colours of the theme, whichever that is. */
export function drawnChart(target: HTMLElement, { history, series, onHover }: Drawn): DrawnChart {
  const data = (): uPlot.AlignedData => [
    history.times.map((at) => at / 1_000),
    ...series.map((each) => history.values(each)),
  ];
  const plot = new uPlot(optionsOf(target, { history, series, onHover }), data(), target);
  const size = new ResizeObserver(() => plot.setSize({ width: target.clientWidth, height: HEIGHT }));
  const redraw = (): void => plot.redraw(false);
  const theme = new MutationObserver(redraw);
  const dark = matchMedia('(prefers-color-scheme: dark)');
  size.observe(target);
  theme.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  dark.addEventListener('change', redraw);
  return {
    update: () => plot.setData(data()),
    remove: () => {
      size.disconnect();
      theme.disconnect();
      dark.removeEventListener('change', redraw);
      plot.destroy();
    },
  };
}

function optionsOf(target: HTMLElement, { history, series, onHover }: Drawn): uPlot.Options {
  let end = 0;
  const axis: uPlot.Axis = {
    stroke: () => colourIn(target, 'muted'),
    font: FONT,
    ticks: { show: false },
    gap: 4,
  };
  return {
    width: Math.max(1, target.clientWidth),
    height: HEIGHT,
    padding: [6, 10, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      x: { range: () => [history.span[0] / 1_000, history.span[1] / 1_000] },
      y: { range: (_plot, _least, most) => [0, (end = axisEnd(most ?? 0, end))] },
    },
    axes: [
      {
        ...axis,
        size: TIMES_HEIGHT,
        space: 70,
        grid: { show: false },
        values: (_plot, ticks, _axis, _space, step) =>
          ticks.map((at) => (step < MINUTE_S ? SECOND : MINUTE).format(at * 1_000)),
      },
      {
        ...axis,
        size: VALUES_WIDTH,
        space: 30,
        grid: { stroke: () => colourIn(target, 'line'), width: 1 },
        values: (_plot, ticks) => ticks.map((value) => COMPACT.format(value)),
      },
    ],
    series: [
      {},
      ...series.map((_each, index) => ({
        stroke: () => colourIn(target, index === 0 ? 'accent' : 'muted'),
        width: index === 0 ? 2 : 1,
        points: { show: false },
      })),
    ],
    hooks: {
      setCursor: [({ cursor: { left = -1, idx } }) => onHover(left < 0 ? null : (idx ?? null))],
    },
  };
}

/** A colour of the theme as a canvas reads it, which knows no variables. */
function colourIn(target: HTMLElement, name: 'accent' | 'muted' | 'line'): string {
  target.style.color = `var(--color-${name})`;
  return getComputedStyle(target).color;
}

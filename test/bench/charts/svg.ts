/** One line of a chart. The points go from left to right. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Chart {
  readonly title: string;
  /** On which machine and when the figures were taken. */
  readonly caption: string;
  /** Each step of the horizontal axis multiplies when this is true, and adds otherwise. */
  readonly isLogarithmic: boolean;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
}

const WIDTH = 720;
const HEIGHT = 400;
/** The plot, without the labels around it. The names of the lines stand to the right of it. */
const PLOT = { left: 64, right: 600, top: 56, bottom: 316 };
const LINES = 4;
const NAME_HEIGHT = 16;

/** The colors can be told apart by the color-blind, and stand out on white and on black. */
const STYLE = `
text{font:12px system-ui,sans-serif;fill:#444}
.title{font-size:15px;font-weight:600;fill:#111}
.grid{stroke:#8884;stroke-width:1}
path{fill:none;stroke-width:2}
path.bar{stroke-width:7}
.value{font-size:9px}
.name{font-size:11px}
.s0{stroke:#b7791f}.s1{stroke:#2b6cb0}.s2{stroke:#2f855a}.s3{stroke:#b83280}
circle{stroke:none}
circle.s0,text.s0{fill:#b7791f;stroke:none}circle.s1,text.s1{fill:#2b6cb0;stroke:none}
circle.s2,text.s2{fill:#2f855a;stroke:none}circle.s3,text.s3{fill:#b83280;stroke:none}
@media(prefers-color-scheme:dark){text{fill:#bbb}.title{fill:#eee}
.s0{stroke:#f0b95b}.s1{stroke:#7ab8f5}.s2{stroke:#68d391}.s3{stroke:#f58fc4}
circle.s0,text.s0{fill:#f0b95b}circle.s1,text.s1{fill:#7ab8f5}
circle.s2,text.s2{fill:#68d391}circle.s3,text.s3{fill:#f58fc4}}
`.replaceAll('\n', '');

/** Draws a line for each series. A reader whose screen is dark sees light lines. */
export function lineChart({ title, caption, isLogarithmic, xLabel, yLabel, series }: Chart): string {
  const points = series.flatMap((each) => each.points);
  const xs = [...new Set(points.map(([x]) => x))].toSorted((a, b) => a - b);
  const top = ceiling(Math.max(0, ...points.map(([, y]) => y)));
  const x = scale(
    [xs[0] ?? 0, xs.at(-1) ?? 1].map((value) => (isLogarithmic ? Math.log(value) : value)),
    [PLOT.left, PLOT.right],
  );
  const xOf = (value: number): number => x(isLogarithmic ? Math.log(value) : value);
  const yOf = scale([0, top], [PLOT.bottom, PLOT.top]);
  const middle = (PLOT.left + PLOT.right) / 2;
  const rows = Array.from({ length: LINES + 1 }, (_, line) => (top * line) / LINES);
  return [
    ...opening({ title, label: yLabel, height: HEIGHT, left: PLOT.left }),
    ...rows.map(
      (value) =>
        `<path class="grid" d="M${PLOT.left} ${at(yOf(value))}H${PLOT.right}"/>` +
        `<text x="${PLOT.left - 8}" y="${at(yOf(value) + 4)}" text-anchor="end">${label(value)}</text>`,
    ),
    ...xs.map(
      (value) =>
        `<text x="${at(xOf(value))}" y="${PLOT.bottom + 20}" text-anchor="middle">${label(value)}</text>`,
    ),
    `<text x="${middle}" y="${PLOT.bottom + 40}" text-anchor="middle">${escaped(xLabel)}</text>`,
    ...series.map(({ points: own }, index) => curve(own, index, xOf, yOf)),
    ...names(series, xOf, yOf),
    `<text x="${PLOT.left}" y="${HEIGHT - 12}">${escaped(caption)}</text>`,
    '</svg>\n',
  ].join('\n');
}

/** One thing that is compared with others, and its value in each series. */
export interface Bar {
  readonly name: string;
  readonly values: readonly number[];
}

export interface BarChart extends Pick<Chart, 'title' | 'caption'> {
  /** What the values are, and their unit. */
  readonly label: string;
  readonly series: readonly string[];
  readonly bars: readonly Bar[];
}

/** The bars of a thing stand below its name, which may be long. */
const BAR = { left: 16, right: 660, height: 7, name: 18, space: 8 };

/** Draws the values of each thing as bars from the left, the first thing at the top. */
export function barChart({ title, caption, label: unit, series, bars }: BarChart): string {
  const top = ceiling(Math.max(0, ...bars.flatMap(({ values }) => values)));
  const xOf = scale([0, top], [BAR.left, BAR.right]);
  const each = BAR.name + series.length * (BAR.height + 2) + BAR.space;
  const bottom = PLOT.top + 24 + bars.length * each;
  return [
    ...opening({ title, label: unit, height: bottom + 36, left: BAR.left }),
    ...series.map(
      (name, index) =>
        `<circle class="s${index}" cx="${BAR.left + 4 + index * 260}" cy="${PLOT.top}" r="4"/>` +
        `<text x="${BAR.left + 14 + index * 260}" y="${PLOT.top + 4}">${escaped(name)}</text>`,
    ),
    ...bars.map(({ name, values }, index) => barsOf(name, values, PLOT.top + 24 + index * each, xOf)),
    `<text x="${BAR.left}" y="${bottom + 24}">${escaped(caption)}</text>`,
    '</svg>\n',
  ].join('\n');
}

function barsOf(name: string, values: readonly number[], y: number, xOf: (value: number) => number): string {
  const drawn = values.map((value, index) => {
    const from = y + BAR.name - 8 + index * (BAR.height + 2);
    const end = Math.max(BAR.left + 1, xOf(value));
    return (
      `<path class="bar s${index}" d="M${BAR.left} ${at(from + BAR.height / 2)}H${at(end)}"/>` +
      `<text class="value" x="${at(end + 5)}" y="${at(from + BAR.height)}">${label(value)}</text>`
    );
  });
  return `<text class="name" x="${BAR.left}" y="${at(y + 4)}">${escaped(name)}</text>${drawn.join('')}`;
}

interface Opening {
  readonly title: string;
  readonly label: string;
  readonly height: number;
  readonly left: number;
}

/** The beginning of every chart. */
function opening({ title, label: unit, height, left }: Opening): string[] {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `<title>${escaped(title)}</title><style>${STYLE}</style>`,
    `<text class="title" x="${left}" y="22">${escaped(title)}</text>`,
    `<text x="${left}" y="42">${escaped(unit)}</text>`,
  ];
}

/** The least of 1, 2, 2.5, 4, 5, 8 and 10 times a power of ten that is no less than the value. */
export function ceiling(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 2.5, 4, 5, 8].find((step) => step * power >= value) ?? 10);
}

function scale(
  [from = 0, to = 1]: readonly number[],
  [start, end]: readonly [number, number],
): (value: number) => number {
  const width = to - from || 1;
  return (value) => start + ((value - from) / width) * (end - start);
}

function curve(
  points: Series['points'],
  index: number,
  xOf: (value: number) => number,
  yOf: (value: number) => number,
): string {
  const places = points.map(([x, y]) => `${at(xOf(x))} ${at(yOf(y))}`);
  const dots = points.map(
    ([x, y]) => `<circle class="s${index}" cx="${at(xOf(x))}" cy="${at(yOf(y))}" r="3"/>`,
  );
  return `<path class="s${index}" d="M${places.join('L')}"/>${dots.join('')}`;
}

/** The name of each line stands beside its end, or below the name above it where the two would overlap. */
function names(
  series: readonly Series[],
  xOf: (value: number) => number,
  yOf: (value: number) => number,
): string[] {
  const ends = series.flatMap(({ name, points }, index) => {
    const last = points.at(-1);
    return last === undefined ? [] : [{ name, index, x: xOf(last[0]) + 12, y: yOf(last[1]) + 4 }];
  });
  let above = Number.NEGATIVE_INFINITY;
  return ends
    .toSorted((a, b) => a.y - b.y)
    .map(({ name, index, x, y }) => {
      above = Math.max(y, above + NAME_HEIGHT);
      return `<text class="s${index}" x="${at(x)}" y="${at(above)}">${escaped(name)}</text>`;
    });
}

function at(place: number): string {
  return String(Math.round(place * 10) / 10);
}

function label(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 3 });
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

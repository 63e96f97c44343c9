/** A page of metrics as Prometheus reads it: the value of each series, whose labels are kept as they are written. */
export class MetricsPage {
  readonly text: string;
  readonly series: ReadonlyMap<string, number>;

  constructor(text: string) {
    this.text = text;
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    this.series = new Map(
      lines.map((line) => {
        const end = line.lastIndexOf(' ');
        return [line.slice(0, end), Number(line.slice(end + 1))];
      }),
    );
  }

  static async of(url: string): Promise<MetricsPage> {
    return new MetricsPage(await (await fetch(`${url}/metrics`)).text());
  }

  /** Each family with its type and the names of its series. */
  get families(): ReadonlyMap<string, string> {
    const types = this.text.matchAll(/^# TYPE (\S+) (\S+)$/gm);
    return new Map([...types].map(([, name = '', type = '']) => [name, type]));
  }

  get(series: string): number | undefined {
    return this.series.get(series);
  }
}

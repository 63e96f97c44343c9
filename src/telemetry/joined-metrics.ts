/** What one worker answered when all were asked for their metrics. */
export interface AskedForMetrics {
  /** The number of the worker, from 1. */
  readonly worker: number;
  readonly restarts: number;
  /** Its page, on which each series has the label `worker`. Absent when the worker is away or silent. */
  readonly answer?: string;
}

/**
 * The pages of all workers of one process as one page. Each series keeps the label `worker`, and each family stands once with the
 * series of all workers, as the text format of Prometheus demands.
 */
export function joinedMetrics(asked: readonly AskedForMetrics[]): string {
  const families = new Map<string, string[]>();
  for (const { answer = '' } of asked) {
    for (const block of answer.split(/\n\n+/)) {
      const [help = '', type = '', ...series] = block.trimEnd().split('\n');
      if (help === '') continue;
      const head = `${help}\n${type}`;
      families.set(head, [...(families.get(head) ?? []), ...series]);
    }
  }
  for (const [head, series] of ofWorkers(asked)) families.set(head, series);
  return Array.from(families, ([head, series]) => `${[head, ...series].join('\n')}\n`).join('\n');
}

function ofWorkers(asked: readonly AskedForMetrics[]): [head: string, series: string[]][] {
  const family = (
    name: string,
    type: string,
    help: string,
    valueOf: (each: AskedForMetrics) => number,
  ): [string, string[]] => [
    `# HELP ${name} ${help}\n# TYPE ${name} ${type}`,
    asked.map((each) => `${name}{worker="${each.worker}"} ${valueOf(each)}`),
  ];
  return [
    family(
      'belfry_worker_up',
      'gauge',
      'Whether this worker answered in time: 1 or 0. With 0, all its other series are missing. Only with BELFRY_WORKERS.',
      ({ answer }) => (answer === undefined ? 0 : 1),
    ),
    family(
      'belfry_worker_restarts_total',
      'counter',
      'Times that this worker was started again. Only with BELFRY_WORKERS.',
      ({ restarts }) => restarts,
    ),
  ];
}

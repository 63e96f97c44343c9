import type { Row } from './perform.ts';
import { SCENARIOS } from './scenarios.ts';
import { medians } from './statistics.ts';

/** What the documentation keeps of the measurements of one scenario with one peer. Each figure is the median of all repetitions. */
export interface RecordedFigures {
  readonly scenario: string;
  readonly peer: string;
  readonly clients: number;
  /** At a fixed rate of deliveries a second. */
  readonly fixed?: {
    readonly eventsPerS: number;
    readonly deliveriesPerS: number;
    readonly p50: number;
    readonly p99: number;
    readonly cpuUsPerDelivery: number;
  };
  /** The most deliveries a second that were sustained. */
  readonly most?: { readonly deliveriesPerS: number; readonly p99?: number };
  readonly bytesPerConnection?: number;
  readonly connectsPerS?: number;
  /** The share of the machine that other processes used meanwhile. */
  readonly othersBusy: number;
}

export function figuresOf(rows: readonly Row[]): RecordedFigures[] {
  const groups = Map.groupBy(rows, ({ scenario, peer }) => `${scenario}\n${peer}`);
  return [...groups.values()].map((all) => medians(all.map(figures)));
}

function figures({ scenario, peer, fixed, most, bytesPerConnection, connectsPerS }: Row): RecordedFigures {
  const groups = SCENARIOS.find(({ name }) => name === scenario)?.groups ?? [];
  return {
    scenario,
    peer,
    clients: groups.reduce((sum, { count }) => sum + count, 0),
    ...(fixed !== undefined && {
      fixed: {
        eventsPerS: three(fixed.rate),
        deliveriesPerS: three(fixed.deliveriesPerS),
        p50: three(fixed.p50),
        p99: three(fixed.p99),
        cpuUsPerDelivery: three(fixed.cpuUsPerDelivery),
      },
    }),
    ...(most !== undefined && { most: { deliveriesPerS: three(most.deliveriesPerS), p99: three(most.p99) } }),
    ...(bytesPerConnection !== undefined && { bytesPerConnection: three(bytesPerConnection) }),
    ...(connectsPerS !== undefined && { connectsPerS: three(connectsPerS) }),
    othersBusy: three(Math.max(fixed?.othersBusy ?? 0, most?.othersBusy ?? 0)),
  };
}

/** No figure is known to more than three digits. */
function three(value: number): number {
  return Number(value.toPrecision(3));
}

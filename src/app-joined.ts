import type { MetricsDeps } from './gateway/rest/metrics-routes.ts';
import type { HealthDeps } from './gateway/rest/health-routes.ts';
import { joinedReadiness, type Readiness, type WorkerReadiness } from './gateway/rest/readiness.ts';
import { joinedMetrics } from './telemetry/joined-metrics.ts';
import type { SharedCertificate } from './workers/messages.ts';
import type { WorkerLink } from './workers/worker-link.ts';

/** The questions that workers answer each other. */
const METRICS = 'metrics';
const READINESS = 'readiness';

/** What makes a node one of the workers of a process. */
export interface WorkerPart {
  readonly number: number;
  /** The certificate that another worker made. */
  readonly certificate?: SharedCertificate;
  readonly link: Pick<WorkerLink, 'answering' | 'gather'>;
}

export interface OwnParts extends MetricsDeps {
  readonly readiness: () => Promise<Readiness>;
  readonly isLeaving: () => boolean;
}

/**
 * What operators ask this node for. A request reaches only one of the workers that share a listener, so a worker answers for all
 * of them.
 */
export function joinedOf(
  worker: WorkerPart | undefined,
  { metrics, readiness, isLeaving }: OwnParts,
): MetricsDeps & HealthDeps {
  if (worker === undefined) return { metrics, readiness };
  const { link } = worker;
  link.answering(METRICS, () => metrics.metrics());
  link.answering(READINESS, async () => ({ readiness: await readiness(), isLeaving: isLeaving() }));
  return {
    metrics: {
      contentType: metrics.contentType,
      metrics: async () => joinedMetrics(await link.gather<string>(METRICS)),
    },
    readiness: async () => {
      try {
        return joinedReadiness(await link.gather<WorkerReadiness>(READINESS));
      } catch (error) {
        return { status: 'not ready', reason: error instanceof Error ? error.message : 'unknown' };
      }
    },
  };
}

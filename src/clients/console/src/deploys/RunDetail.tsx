import { ArrowLeft } from 'lucide-react';
import type { ReactElement } from 'react';
import { Badge, type Tone } from '../ui/Badge.tsx';
import { Button } from '../ui/Button.tsx';
import { Time } from '../ui/Time.tsx';
import { visibleText } from '../ui/visible-text.ts';
import type { Status } from '../../../runs/reports.ts';
import { LogPane } from './LogPane.tsx';
import type { KnownRun } from './runs-store.ts';
import { Timeline } from './Timeline.tsx';
import { durationOf, durationText } from './timeline.ts';

const TONES: Readonly<Record<Status, Tone>> = {
  waiting: 'plain',
  running: 'accent',
  done: 'good',
  failed: 'bad',
  stopped: 'warn',
};

export interface RunDetailProps {
  readonly run: KnownRun;
  readonly now: number;
  /** Returns to the list, where the page is too narrow for both. */
  readonly onBack: () => void;
}

export function RunDetail({ run, now, onBack }: RunDetailProps): ReactElement {
  return (
    <section aria-label={run.name} className="flex min-h-0 min-w-0 flex-1 flex-col overflow-auto">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-3">
        <Button kind="quiet" className="w-8 px-0! md:hidden" aria-label="Back to the list" onClick={onBack}>
          <ArrowLeft aria-hidden className="size-4" />
        </Button>
        <h2 className="min-w-0 truncate font-semibold" title={run.name}>
          <bdi>{visibleText(run.name)}</bdi>
        </h2>
        <Badge tone={TONES[run.status]}>{run.status}</Badge>
        <span className="text-muted">
          <Time at={run.beganAt} /> · {durationText(durationOf(run, now))}
        </span>
        {run.percent !== undefined && run.status === 'running' && <Progress percent={run.percent} />}
        {run.message !== undefined && (
          <p className={`w-full break-words ${run.status === 'failed' ? 'text-bad' : 'text-muted'}`}>
            {visibleText(run.message)}
          </p>
        )}
      </div>
      {run.steps.length > 0 && <Timeline run={run} now={now} />}
      <LogPane key={run.key} run={run} />
    </section>
  );
}

function Progress({ percent }: { readonly percent: number }): ReactElement {
  return (
    <span
      role="progressbar"
      aria-label="Progress"
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
      className="h-2 w-32 overflow-hidden rounded bg-raised"
    >
      <span className="block h-full bg-accent" style={{ width: `${percent}%` }} />
    </span>
  );
}

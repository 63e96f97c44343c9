import { Ban, Check, Circle, LoaderCircle, X } from 'lucide-react';
import type { ReactElement } from 'react';
import type { Status } from '../../../runs/reports.ts';

const MARKS = {
  waiting: [Circle, 'text-muted'],
  running: [LoaderCircle, 'text-accent'],
  done: [Check, 'text-good'],
  failed: [X, 'text-bad'],
  stopped: [Ban, 'text-warn'],
} as const;

/** How a run or a step is: a mark of its own for each status, named for who cannot see it. */
export function StatusMark({ status }: { readonly status: Status }): ReactElement {
  const [Icon, tone] = MARKS[status];
  return <Icon role="img" aria-label={status} className={`size-4 shrink-0 ${tone}`} />;
}

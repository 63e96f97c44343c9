import { RotateCcw } from 'lucide-react';
import type { ReactElement } from 'react';
import { Link } from 'wouter';
import { Badge } from '../ui/Badge.tsx';
import { Button } from '../ui/Button.tsx';
import { CopyAsButton } from '../ui/CopyAsButton.tsx';
import { Time } from '../ui/Time.tsx';
import { visibleText } from '../ui/visible-text.ts';
import { forgetSent, type Sent } from './sent-store.ts';

/** The ids that are named of a publish of many events. */
const NAMED = 3;

/** What was published from this tab, the newest first. */
export function SentList({
  sent,
  onAgain,
}: {
  readonly sent: readonly Sent[];
  readonly onAgain: (sent: Sent) => void;
}): ReactElement {
  return (
    <section aria-label="What I sent" className="order-3 flex flex-col gap-2 lg:order-none">
      <div className="flex items-center gap-2">
        <h2 className="flex-1 font-semibold">What I sent</h2>
        {sent.length > 0 && (
          <Button kind="quiet" className="text-muted" onClick={forgetSent}>
            Forget
          </Button>
        )}
      </div>
      {sent.length === 0 && (
        <p className="text-muted">What you publish stands here until you close this tab.</p>
      )}
      <ul className="flex flex-col divide-y divide-line rounded-md border border-line bg-panel empty:hidden">
        {sent.map((each) => (
          <SentRow key={each.ids[0] ?? each.key} sent={each} onAgain={onAgain} />
        ))}
      </ul>
    </section>
  );
}

function SentRow({
  sent,
  onAgain,
}: {
  readonly sent: Sent;
  readonly onAgain: (sent: Sent) => void;
}): ReactElement {
  const { at, dialect, text, titles, ids } = sent;
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-1.5">
      <Time at={at} className="text-muted" />
      <span className="min-w-0 flex-1 basis-40 truncate font-mono text-[13px]" title={titles.join('\n')}>
        <bdi>{visibleText(titles[0] ?? '', 200)}</bdi>
      </span>
      {ids.length > 1 && <Badge>{ids.length} events</Badge>}
      <Badge>{dialect}</Badge>
      <span className="flex flex-wrap gap-x-2">
        {ids.slice(0, NAMED).map((id) => (
          <Link
            key={id}
            href={`/live/event/${id}`}
            className="font-mono text-[13px] text-accent underline"
            title="Open in the Inspector"
          >
            {id}
          </Link>
        ))}
        {ids.length > NAMED && <span className="text-muted">and {ids.length - NAMED} more</span>}
      </span>
      <span className="flex">
        {text !== undefined && <CopyAsButton text={text} dialect={dialect} />}
        <Button
          kind="quiet"
          disabled={text === undefined}
          title={text === undefined ? 'The text was too long to be kept' : 'Put it into the editor again'}
          onClick={() => onAgain(sent)}
        >
          <RotateCcw aria-hidden className="size-4" />
          Again
        </Button>
      </span>
    </li>
  );
}

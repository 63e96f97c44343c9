import { CircleSlash, Hourglass, Pause, TriangleAlert } from 'lucide-react';
import type { ReactElement } from 'react';
import type { EventRow, ShownRow } from './rows.ts';
import { countText } from '../ui/numbers.ts';
import { eventsText, gapWords, markWords } from './words.ts';

export type OtherRow = Exclude<ShownRow, EventRow>;

const TONES = { gap: 'bg-bad-tint text-bad', gone: 'bg-warn-tint text-warn', unread: 'bg-raised text-muted', mark: 'bg-raised text-muted' } as const; // prettier-ignore
const ICONS = { gap: TriangleAlert, gone: CircleSlash, unread: Hourglass, mark: Pause } as const;

/** A row that is no event: it says what is missing at this place, or what happened. */
export function OtherRowView({
  row,
  rowPx,
}: {
  readonly row: OtherRow;
  readonly rowPx: number;
}): ReactElement {
  const Icon = ICONS[row.kind];
  const words = wordsOf(row);
  return (
    <div
      role="row"
      title={words}
      style={{ height: rowPx }}
      className={`flex items-center gap-2 overflow-hidden border-b border-line/50 px-3 text-xs ${TONES[row.kind]}`}
    >
      <Icon aria-hidden className="size-3.5 shrink-0" />
      <span role="gridcell" className="line-clamp-2">
        {words}
      </span>
    </div>
  );
}

function wordsOf(row: OtherRow): string {
  switch (row.kind) {
    case 'gap': {
      const { what, todo } = gapWords(row.gap);
      return `${what} ${todo}`;
    }
    case 'gone':
      return `${countText(row.count)} live-only ${row.count === 1 ? 'event was' : 'events were'} left out here. No history has them.`;
    case 'unread':
      return `${eventsText(row.count)} more came than the page holds. They are in the history, and are read when you scroll here.`;
    case 'mark':
      return markWords(row);
  }
}

import type { ReactElement } from 'react';
import { Button } from '../ui/Button.tsx';
import { countText } from '../ui/numbers.ts';
import type { Waiting } from './held-rows.ts';

/** What came and went while somebody reads. It lies over the rows, so that none moves when it appears. */
export function WaitingButton({
  waiting: { came, left },
  onShow,
}: {
  readonly waiting: Waiting;
  readonly onShow: () => void;
}): ReactElement | null {
  if (came === 0 && left === 0) return null;
  const parts = [came > 0 ? `${countText(came)} new` : '', left > 0 ? `${countText(left)} ended` : ''];
  return (
    <Button
      kind="main"
      className="pointer-events-auto shadow tabular-nums"
      title="Arrange the rows anew (n)"
      onClick={onShow}
    >
      {parts.filter((part) => part !== '').join(', ')}
    </Button>
  );
}

import { useConnection, useHub } from '@belfry/client/react';
import type { ReactElement } from 'react';
import { Button } from '../ui/Button.tsx';
import { Empty } from '../ui/Empty.tsx';

/** What is shown until the hub has answered for the first time, and why it does not. */
export function FirstAnswer(): ReactElement {
  const { status, reason } = useConnection();
  const hub = useHub();
  if (status !== 'waiting' && status !== 'closed') return <div className="flex-1" aria-busy="true" />;
  return (
    <Empty title="The hub takes no connection of this page now">
      <p>
        {reason === undefined
          ? ''
          : `It ended with ${reason.code}${reason.text === '' ? '' : `: ${reason.text}`}. `}
        {status === 'waiting' && 'The page tries again by itself. Ask /readyz of the node what is wrong.'}
      </p>
      <Button className="mt-2" onClick={() => hub.reconnect()}>
        Try now
      </Button>
    </Empty>
  );
}

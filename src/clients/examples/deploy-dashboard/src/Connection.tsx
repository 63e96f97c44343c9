import { useConnection, useHub } from '@belfry/client/react';

export function Connection() {
  const hub = useHub();
  const { status, reason } = useConnection();
  return (
    <p className="connection" data-status={status}>
      {status === 'open' ? 'live' : `${status} ${reason?.text ?? ''}`}
      {(status === 'waiting' || status === 'closed') && (
        <button onClick={() => hub.reconnect()}>Try now</button>
      )}
    </p>
  );
}

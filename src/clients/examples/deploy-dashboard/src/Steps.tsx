import { useEvents } from '@belfry/client/react';
import { useState } from 'react';

export function Steps() {
  const [paused, pause] = useState(false);
  const { events, gap, dropped, waiting, error } = useEvents('deploy.step.*', { keep: 500, paused });
  return (
    <section className="steps">
      <h2>
        Steps
        <button onClick={() => pause(!paused)}>{paused ? `Go on (${waiting} new)` : 'Pause'}</button>
      </h2>
      {error && <p role="alert">{error.message}</p>}
      {gap && <p role="alert">Steps may be missing: {gap.reason}.</p>}
      <ol>
        {events.toReversed().map(({ id, time, key, object }) => (
          <li key={id ?? time} data-status={object.status}>
            <time>{new Date(time).toLocaleTimeString()}</time> <b>{key}</b> {object.step}
            <span>{object.status}</span>
          </li>
        ))}
      </ol>
      {events.length === 0 && <p>No step yet.</p>}
      {dropped > 0 && <p>{dropped} older steps are not shown.</p>}
    </section>
  );
}

import { useEvents } from '@belfry/client/react';

export function Log() {
  const { events, gap, error } = useEvents('deploy.log.*', { keep: 500 });
  return (
    <section className="log">
      <h2>
        Log <small>{events.length} lines</small>
      </h2>
      {error && <p role="alert">{error.message}</p>}
      {gap && <p role="alert">Lines may be missing: {gap.reason}.</p>}
      <ol>
        {events.toReversed().map(({ id, time, key, object }) => (
          <li key={id ?? time}>
            <b>{key}</b> <code>{object.line}</code>
          </li>
        ))}
      </ol>
    </section>
  );
}

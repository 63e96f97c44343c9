import { useList } from '@belfry/client/react';

export function Services() {
  const { values, status, error } = useList('services');
  return (
    <section className="services">
      <h2>Services</h2>
      {error && <p role="alert">{error.message}</p>}
      <ul>
        {[...values].map(([name, { object }]) => (
          <li key={name}>
            <b>{name}</b> {object.version} <small>{object.by}</small>
          </li>
        ))}
      </ul>
      {values.size === 0 && <p>{status === 'connecting' ? 'One moment …' : 'Nothing was deployed yet.'}</p>}
    </section>
  );
}

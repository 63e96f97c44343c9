import { usePublish } from '@belfry/client/react';

export function Deploy({ services }: { readonly services: readonly string[] }) {
  const [publish, { pending, error }] = usePublish();
  return (
    <nav>
      {services.map((name) => (
        <button key={name} disabled={pending} onClick={() => void publish(`deploy.request.${name}`, null)}>
          Deploy {name}
        </button>
      ))}
      {error && <p role="alert">{error.message}</p>}
    </nav>
  );
}

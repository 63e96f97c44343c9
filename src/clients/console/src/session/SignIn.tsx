import { useState, type FormEvent, type ReactElement } from 'react';
import { Button } from '../ui/Button.tsx';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { Field } from '../ui/Field.tsx';
import { session } from './session.ts';

type Way = 'password' | 'token';

/** Signs in with a user of the hub, or with a token of the hub or of the identity provider. */
export function SignIn({
  error: first,
  again,
}: {
  readonly error?: Error | undefined;
  readonly again?: string;
}): ReactElement {
  const [way, setWay] = useState<Way>('password');
  const [error, setError] = useState<Error | undefined>(first);
  const [pending, setPending] = useState(false);

  const submit = async (form: FormData): Promise<void> => {
    const text = (name: string): string => {
      const value = form.get(name);
      return typeof value === 'string' ? value : '';
    };
    setPending(true);
    setError(undefined);
    try {
      if (way === 'token') await session.signInWithToken(text('token'));
      else await session.signInWithPassword(text('name'), text('password'));
    } catch (cause) {
      setError(cause as Error);
    } finally {
      setPending(false);
    }
  };

  return (
    <form
      className="flex w-full max-w-sm flex-col gap-4 rounded-lg border border-line bg-panel p-6"
      onSubmit={(event: FormEvent<HTMLFormElement>) => {
        event.preventDefault();
        void submit(new FormData(event.currentTarget));
      }}
    >
      <div>
        <h1 className="text-lg font-semibold">
          {again === undefined ? 'Sign in to this hub' : 'Sign in again'}
        </h1>
        <p className="mt-1 text-muted">
          {again === undefined
            ? 'The link that the hub printed when it started signs you in, too.'
            : `The token of ${again} is not accepted any more. What is on the page stays and goes on.`}
        </p>
      </div>
      <div className="flex gap-1 rounded-md bg-raised p-1" role="group" aria-label="How to sign in">
        {(['password', 'token'] as const).map((option) => (
          <button
            key={option}
            type="button"
            aria-pressed={way === option}
            className="flex-1 rounded px-2 py-1 text-muted aria-pressed:bg-panel aria-pressed:text-text"
            onClick={() => setWay(option)}
          >
            {option === 'password' ? 'User and password' : 'Token'}
          </button>
        ))}
      </div>
      {way === 'password' ? (
        <>
          <Field label="User" name="name" autoComplete="username" required autoFocus />
          <Field label="Password" name="password" type="password" autoComplete="current-password" required />
        </>
      ) : (
        <Field
          label="Token of the hub or of your identity provider"
          name="token"
          type="password"
          autoComplete="off"
          required
          autoFocus
        />
      )}
      {error !== undefined && <ErrorNote error={error} />}
      <Button kind="main" type="submit" disabled={pending}>
        {pending ? 'Asking the hub …' : 'Sign in'}
      </Button>
    </form>
  );
}

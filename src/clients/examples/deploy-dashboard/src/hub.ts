import { connect, type StandardSchema } from '@belfry/client';

export interface Step {
  readonly step: string;
  readonly status: 'running' | 'done' | 'failed';
}

export interface LogLine {
  readonly line: string;
}

export interface Service {
  readonly version: string;
  readonly by: string;
}

/** Takes what comes as it is. A schema of zod, valibot or arktype would check it. */
function unchecked<T>(): StandardSchema<T> {
  return { '~standard': { version: 1, vendor: 'page', validate: (value) => ({ value: value as T }) } };
}

const given = new URLSearchParams(location.hash.slice(1));

export const hub = connect(given.get('hub') ?? 'http://localhost:8800', {
  token: given.get('token') ?? '',
  events: {
    'deploy.step.*': unchecked<Step>(),
    'deploy.log.*': unchecked<LogLine>(),
    'services.*.*': unchecked<Service>(),
  },
});

declare module '@belfry/client/react' {
  interface Register {
    hub: typeof hub;
  }
}

import { HubError } from '@belfry/client';
import { QueryClient } from '@tanstack/react-query';

/** Refusals that another attempt does not change. */
const FINAL = /invalid|forbidden|not_found|credentials|session_ended|unknown/;

const MAX_ATTEMPTS = 3;

/** What the hub answers by HTTP. A page that nobody looks at asks nothing. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (count, error) => count < MAX_ATTEMPTS && !(error instanceof HubError && FINAL.test(error.code)),
      refetchIntervalInBackground: false,
      networkMode: 'always',
    },
  },
});

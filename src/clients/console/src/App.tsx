import { HubProvider } from '@belfry/client/react';
import { CSPProvider } from '@base-ui/react/csp-provider';
import { QueryClientProvider } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { Router } from 'wouter';
import { queries } from './queries.ts';
import { session } from './session/session.ts';
import { SignIn } from './session/SignIn.tsx';
import { useSession } from './session/use-session.ts';
import { useFragmentLocation } from './shell/fragment-location.ts';
import { Shell } from './shell/Shell.tsx';

export function App(): ReactElement {
  const state = useSession();
  if (state.status === 'checking') return <div aria-busy="true" />;
  if (state.status === 'out')
    return (
      <main className="grid h-full place-items-center p-4">
        <SignIn error={state.error} />
      </main>
    );
  return (
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queries}>
        <HubProvider hub={session.hub}>
          <Router hook={useFragmentLocation}>
            <div className="contents" inert={state.status === 'ended'}>
              <Shell me={state.me} />
            </div>
          </Router>
          {state.status === 'ended' && (
            <div
              className="fixed inset-0 z-50 grid place-items-center bg-black/40 p-4"
              role="dialog"
              aria-modal="true"
              aria-label="Sign in again"
            >
              <SignIn again={state.me.principal} />
            </div>
          )}
        </HubProvider>
      </QueryClientProvider>
    </CSPProvider>
  );
}

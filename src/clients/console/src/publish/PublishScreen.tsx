import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { session } from '../session/session.ts';
import { useSession } from '../session/use-session.ts';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { Screen } from '../ui/Screen.tsx';
import { publishFormIn } from './event-formats.ts';
import { Publisher } from './Publisher.tsx';

/** Publishes events in any format that the hub takes, by a form that is made of its own description. */
export default function PublishScreen(): ReactElement {
  const state = useSession();
  const form = useQuery({
    queryKey: ['publish-form'],
    queryFn: async () => publishFormIn(await (await session.request('openapi.json')).json()),
    staleTime: Infinity,
  });
  if (form.error !== null)
    return (
      <Screen title="Publish">
        <div className="m-auto max-w-lg p-8">
          <ErrorNote error={form.error} retry={() => void form.refetch()} />
        </div>
      </Screen>
    );
  if (form.data === undefined || !('me' in state))
    return (
      <Screen title="Publish">
        <div aria-busy="true" />
      </Screen>
    );
  return <Publisher form={form.data} me={state.me} />;
}

import { useQuery } from '@tanstack/react-query';
import { useState, type ReactElement, type RefObject } from 'react';
import { ANONYMOUS, dialectOf, type Connection } from '../connections/connection.ts';
import { Button } from '../ui/Button.tsx';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { INPUT } from '../ui/Field.tsx';
import { Time } from '../ui/Time.tsx';
import { useSettled } from '../ui/use-settled.ts';
import { visibleText } from '../ui/visible-text.ts';
import { askFor, CONNECTIONS_MAX } from './ask.ts';
import { Panel } from './Panel.tsx';

/** How many connections of one principal are named before it is opened. */
const SHOWN = 3;

export interface ConnectionPickerProps {
  readonly onConnection: (id: string) => void;
  readonly onPrincipal: (principal: string) => void;
  readonly input: RefObject<HTMLInputElement | null>;
}

/** Offers the newest connections by principal, and finds others by principal, address or id. */
export function ConnectionPicker({ onConnection, onPrincipal, input }: ConnectionPickerProps): ReactElement {
  const [written, write] = useState('');
  const settled = useSettled(written);
  const { data, error, refetch } = useQuery({
    queryKey: ['why', 'connections', settled],
    queryFn: ({ signal }) => askFor(settled, signal),
    placeholderData: (before) => before,
    gcTime: 0,
  });
  const groups = Map.groupBy(data ?? [], ({ Principal }) => Principal);
  const typed = settled.trim();
  return (
    <Panel title="Which client?" className="h-[26rem] lg:h-auto lg:min-h-0 lg:flex-1">
      <div className="p-2">
        <input
          ref={input}
          type="search"
          aria-label="Find a client"
          placeholder="A principal, an address, or an id"
          spellCheck={false}
          autoComplete="off"
          className={`${INPUT} font-mono text-[13px]`}
          value={written}
          onChange={({ target }) => write(target.value)}
        />
      </div>
      {error !== null && <ErrorNote error={error} retry={() => void refetch()} />}
      <ul className="min-h-0 flex-1 overflow-auto" aria-label="Clients">
        {Array.from(groups, ([principal, connections]) => (
          <Group
            key={principal}
            principal={principal}
            connections={connections}
            onConnection={onConnection}
            onPrincipal={onPrincipal}
          />
        ))}
        {/^[^\s:]+:\S+$/.test(typed) && !groups.has(typed) && (
          <li className="flex flex-wrap items-center gap-2 border-t border-line px-4 py-2">
            <span className="min-w-0 break-words text-muted">{typed} has no connection now.</span>
            <Button onClick={() => onPrincipal(typed)}>Was it connected then?</Button>
          </li>
        )}
        {data?.length === 0 && (
          <li className="border-t border-line px-4 py-3 text-muted">
            {typed === ''
              ? 'Nobody is connected.'
              : 'Nobody like that is connected now. Write a whole principal, such as user:ada, to see whether it was.'}
          </li>
        )}
        {data?.length === CONNECTIONS_MAX && (
          <li className="border-t border-line px-4 py-2 text-xs text-muted">
            These are the {CONNECTIONS_MAX} newest. Type to find others.
          </li>
        )}
      </ul>
    </Panel>
  );
}

function Group({
  principal,
  connections,
  onConnection,
  onPrincipal,
}: Omit<ConnectionPickerProps, 'input'> & {
  readonly principal: string;
  readonly connections: readonly Connection[];
}): ReactElement {
  const isAnonymous = principal === ANONYMOUS;
  return (
    <li className="border-t border-line py-1">
      <div className="flex items-center gap-2 px-4 py-0.5">
        <bdi className="min-w-0 flex-1 truncate font-medium">
          {isAnonymous ? 'anonymous' : visibleText(principal, 200)}
        </bdi>
        {!isAnonymous && (
          <button
            type="button"
            className="shrink-0 rounded px-1.5 text-xs text-accent underline"
            onClick={() => onPrincipal(principal)}
          >
            Any of its connections
          </button>
        )}
      </div>
      {connections.slice(0, isAnonymous ? 20 : SHOWN).map((connection) => (
        <button
          key={connection.Id}
          type="button"
          className="flex w-full items-center gap-3 px-4 py-1 text-left hover:bg-raised"
          onClick={() => onConnection(connection.Id)}
        >
          <span className="font-mono text-[13px]">{connection.RemoteAddr}</span>
          <span className="min-w-0 flex-1 truncate text-muted">
            {dialectOf(connection)} on {connection.Node}
          </span>
          <Time at={connection.CreateTime} className="text-xs text-muted" />
        </button>
      ))}
    </li>
  );
}

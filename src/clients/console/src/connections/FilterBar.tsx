import { UserX, Webhook } from 'lucide-react';
import type { ReactElement, RefObject } from 'react';
import { exactPattern } from '../../../../model/exact-pattern.ts';
import { mayHear } from '../session/me.ts';
import { useMe } from '../session/use-session.ts';
import { Button } from '../ui/Button.tsx';
import { INPUT } from '../ui/Field.tsx';
import { ANONYMOUS, type Kinds } from './connection.ts';
import { FILTER_FIELDS } from './filter.ts';

export interface FilterBarProps {
  readonly filter: string;
  readonly onFilter: (filter: string) => void;
  readonly kinds: Kinds;
  readonly onKinds: (kinds: Kinds) => void;
  readonly input: RefObject<HTMLInputElement | null>;
}

const HINT = `Words that must be found. ${FILTER_FIELDS.join(', ')} bind one to a field: node:n1, dialect=native. -word leaves out.`;

/** Which connections are shown. */
export function FilterBar({ filter, onFilter, kinds, onKinds, input }: FilterBarProps): ReactElement {
  const me = useMe();
  return (
    <>
      <input
        ref={input}
        type="search"
        aria-label="Filter"
        title={HINT}
        placeholder="Filter: ada  node:n1  pattern:deploy  -agent:curl"
        spellCheck={false}
        autoComplete="off"
        className={`${INPUT} min-w-40 flex-1 font-mono text-[13px] sm:max-w-xl`}
        value={filter}
        onChange={({ target }) => onFilter(target.value)}
        onKeyDown={({ key, currentTarget }) => {
          if (key === 'Escape' && filter === '') currentTarget.blur();
          else if (key === 'Escape') onFilter('');
          else if (key === 'Enter') currentTarget.blur();
        }}
      />
      <div className="flex gap-1" role="group" aria-label="Also show">
        {mayHear(me, exactPattern('connections', 'create', ANONYMOUS)) && (
          <Button
            aria-pressed={kinds.anonymous}
            title="Also show connections that came without a token"
            onClick={() => onKinds({ ...kinds, anonymous: !kinds.anonymous })}
          >
            <UserX aria-hidden className="size-4" />
            Anonymous
          </Button>
        )}
        <Button
          aria-pressed={kinds.rest}
          title="Also show callers of the REST API"
          onClick={() => onKinds({ ...kinds, rest: !kinds.rest })}
        >
          <Webhook aria-hidden className="size-4" />
          REST
        </Button>
      </div>
    </>
  );
}

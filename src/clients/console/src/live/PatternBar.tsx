import { HubError } from '@belfry/client';
import { useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { useId, useRef, useState, type KeyboardEvent, type ReactElement } from 'react';
import { readPattern } from '../../../sdk/match.ts';
import { mayHear } from '../session/me.ts';
import { session } from '../session/session.ts';
import { useMe } from '../session/use-session.ts';
import { visibleText } from '../ui/visible-text.ts';
import { completePattern, wholePattern, type Completion, type KnownTopic } from './complete-pattern.ts';

export interface PatternBarProps {
  readonly patterns: readonly string[];
  readonly onChange: (patterns: readonly string[]) => void;
  /** The keys of events that were seen, for these types and actions. */
  readonly keysOf: (types: readonly string[], actions: readonly string[]) => Iterable<string>;
  /** Why the hub refuses what is asked for. */
  readonly error: Error | undefined;
}

/** The patterns that are listened to, and a field for another one, which completes types, actions and keys. */
export function PatternBar({ patterns, onChange, keysOf, error }: PatternBarProps): ReactElement {
  const me = useMe();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const [fault, setFault] = useState<string>();
  const { data: topics = [] } = useQuery({
    queryKey: ['topics'],
    queryFn: async () => (await (await session.request('api/v3/topics')).json()) as readonly KnownTopic[],
    enabled: isOpen,
    staleTime: 10_000,
  });
  const completions = isOpen ? completePattern(text, topics, keysOf) : [];
  const shownFault = fault ?? (error instanceof HubError ? error.message : undefined);

  const type = (next: string): void => {
    setText(next);
    setActive(-1);
    setFault(undefined);
    setOpen(true);
  };
  const add = (): void => {
    const pattern = wholePattern(text);
    const problem = problemOf(pattern);
    setFault(problem);
    if (problem !== undefined) return;
    // Whoever names a pattern wants that one, and not everything as before.
    const others = patterns.filter((other) => other !== '*.*.*' && other !== pattern);
    onChange([...others, pattern]);
    setText('');
    setOpen(false);
  };
  const problemOf = (pattern: string): string | undefined => {
    try {
      readPattern(pattern);
    } catch (cause) {
      return (cause as Error).message;
    }
    return mayHear(me, pattern)
      ? undefined
      : `You may not hear "${pattern}". You may hear ${me.subscribe.slice(0, 5).join(', ') || 'nothing'}.`;
  };
  const remove = (pattern: string): void => {
    onChange(patterns.filter((other) => other !== pattern));
    input.current?.focus();
  };
  const choose = ({ text: chosen }: Completion): void => {
    type(chosen);
    input.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const chosen = completions[active];
    const { key } = event;
    const first = text === '' ? undefined : (chosen ?? completions[0]);
    // What is complete lets the Tab key leave the field.
    const completed = first?.text === text ? undefined : first;
    if (key === 'ArrowDown' || key === 'ArrowUp') {
      const { length } = completions;
      setOpen(true);
      setActive(
        length === 0 ? -1 : (active + (key === 'ArrowDown' ? 1 : length + (active < 0 ? 1 : 0) - 1)) % length,
      );
    } else if (key === 'Tab' && completed !== undefined && !event.shiftKey) choose(completed);
    else if (key === 'Enter' && chosen !== undefined) choose(chosen);
    else if (key === 'Enter' && text !== '') add();
    else if (key === 'Escape') {
      setFault(undefined);
      if (isOpen) setOpen(false);
      else input.current?.blur();
    } else if (key === 'Backspace' && text === '' && patterns.length > 0) {
      const last = patterns.at(-1) ?? '';
      onChange(patterns.slice(0, -1));
      type(last);
    } else return;
    event.preventDefault();
  };

  return (
    <div className="relative min-w-0 flex-1 basis-64">
      <div
        className="flex min-h-8 flex-wrap items-center gap-1 rounded-md border border-line bg-panel px-1 py-0.5 focus-within:border-accent aria-invalid:border-bad"
        aria-invalid={shownFault !== undefined}
        onClick={({ target, currentTarget }) => target === currentTarget && input.current?.focus()}
      >
        {patterns.map((pattern) => (
          <span
            key={pattern}
            className="inline-flex h-6 max-w-full items-center rounded bg-raised pl-2 font-mono text-xs"
          >
            <span className="truncate" title={pattern}>
              {visibleText(pattern, 200)}
            </span>
            <button
              type="button"
              aria-label={`Remove the pattern ${visibleText(pattern, 60)}`}
              className="grid size-6 shrink-0 place-items-center rounded text-muted hover:text-text"
              onClick={() => remove(pattern)}
            >
              <X aria-hidden className="size-3" />
            </button>
          </span>
        ))}
        <input
          ref={input}
          role="combobox"
          aria-label="Add a pattern"
          aria-expanded={completions.length > 0}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={active < 0 ? undefined : `${id}-${active}`}
          aria-describedby={shownFault === undefined ? undefined : `${id}-fault`}
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          placeholder={patterns.length === 0 ? 'type.action.key' : 'Add a pattern'}
          className="h-6 min-w-32 flex-1 bg-transparent px-1 font-mono text-xs outline-none placeholder:font-sans placeholder:text-muted"
          value={text}
          onChange={({ target }) => type(target.value)}
          onFocus={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onKeyDown={onKeyDown}
        />
      </div>
      {shownFault !== undefined && (
        <p
          id={`${id}-fault`}
          role="alert"
          className="absolute z-20 mt-1 max-w-full rounded-md bg-bad-tint px-2 py-1 text-xs break-words text-bad shadow"
        >
          {shownFault}
        </p>
      )}
      {completions.length > 0 && shownFault === undefined && (
        <ul
          id={`${id}-list`}
          role="listbox"
          aria-label="Completions"
          className="absolute z-30 mt-1 max-h-72 w-full max-w-md overflow-auto rounded-md border border-line bg-panel p-1 shadow-lg"
        >
          {completions.map((completion, index) => (
            <li
              key={completion.text}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === active}
              className="flex cursor-pointer items-baseline gap-3 rounded px-2 py-1 text-xs hover:bg-raised aria-selected:bg-tint aria-selected:text-accent"
              // The field keeps the focus.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => choose(completion)}
            >
              <span className="min-w-0 flex-1 truncate font-mono">{visibleText(completion.label, 200)}</span>
              <span className="text-muted">{completion.detail}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

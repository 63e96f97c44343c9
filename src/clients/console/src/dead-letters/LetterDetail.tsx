import { HubError } from '@belfry/client';
import { useMemo, useRef, useState, type ReactElement } from 'react';
import { JsonEditor } from '../editor/JsonEditor.tsx';
import type { EditorHandle } from '../editor/LoadedEditor.tsx';
import { faultsOf } from '../json/event-faults.ts';
import { jsonFault, type Fault } from '../json/json-fault.ts';
import { DryRunView } from '../publish/DryRunView.tsx';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Badge } from '../ui/Badge.tsx';
import { CopyButton } from '../ui/CopyButton.tsx';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { Time } from '../ui/Time.tsx';
import { ConfirmDialog } from './ConfirmDialog.tsx';
import { FaultPlaces } from './FaultPlaces.tsx';
import { LetterBar } from './LetterBar.tsx';
import type { Letter } from './letter.ts';
import { useLetter, type LetterActions, type LetterOutcome } from './use-letter.ts';

export interface LetterDetailProps {
  readonly id: string;
  /** Whether the signed-in may retry and delete it. */
  readonly mayChange: boolean;
  /** Whether the signed-in may publish anything in its place. */
  readonly mayPublish: boolean;
  readonly onGone: (said: string) => void;
}

/** A dead letter: why it was refused, its text with the fault marked, and what can be done with it. */
export function LetterDetail(props: LetterDetailProps): ReactElement {
  const actions = useLetter(props.id, props.onGone);
  const { letter, error, readAgain } = actions;
  if (error !== null)
    return (
      <div className="p-4">
        <ErrorNote error={error} retry={readAgain} />
      </div>
    );
  if (letter === undefined) return <div className="flex-1" aria-busy="true" />;
  return <LetterView {...props} letter={letter} actions={actions} />;
}

function LetterView({
  letter,
  actions,
  mayChange,
  mayPublish,
}: LetterDetailProps & { readonly letter: Letter; readonly actions: LetterActions }): ReactElement {
  const [edited, setEdited] = useState<string>();
  const [isAsking, setAsking] = useState(false);
  const editor = useRef<EditorHandle>(null);
  const text = edited ?? letter.event;
  const { outcome } = actions;
  const marks = useMemo(() => marksOf(letter, text, outcome), [letter, text, outcome]);
  const isEditing = edited !== undefined;
  const isOfSink = letter.sink !== undefined;
  // An event of a sink was published already, to everybody.
  const mayEdit = mayPublish && letter.event !== '' && !isOfSink;
  const edit = (): void => {
    if (!mayChange || !mayEdit) return;
    setEdited((now) => now ?? letter.event);
    requestAnimationFrame(() => editor.current?.goTo(marks[0]?.from ?? 0));
  };
  const send = (): void => {
    const fault = jsonFault(text);
    if (fault === undefined) actions.send(text);
    else editor.current?.goTo(fault.from);
  };
  useShortcuts(
    mayChange
      ? [
          { keys: 'r', label: 'Retry this dead letter', run: () => !isEditing && actions.retry() },
          { keys: 'e', label: 'Edit this dead letter', run: edit },
          { keys: 'Delete', label: 'Delete this dead letter', run: () => setAsking(true) },
        ]
      : [],
  );
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-3 overflow-auto p-4">
      <Reason letter={letter} isEditing={isEditing} hasMarks={marks.length > 0} />
      <FaultPlaces text={text} marks={marks} onShow={(from) => editor.current?.goTo(from)} />
      <section
        aria-label="Text"
        className="flex min-h-72 flex-1 flex-col overflow-hidden rounded-md border border-line bg-panel"
      >
        <JsonEditor
          className="min-h-40 flex-1"
          text={text}
          label="Text of the dead letter"
          marks={marks}
          handle={editor}
          isReadOnly={!isEditing}
          inView={marks[0]?.from}
          original={isEditing ? letter.event : undefined}
          onChange={setEdited}
          onSubmit={isEditing ? send : undefined}
        />
        {mayChange && (
          <LetterBar
            actions={actions}
            edited={edited}
            isChanged={isEditing && edited !== letter.event}
            isOfSink={isOfSink}
            mayEdit={mayEdit}
            onEdit={edit}
            onSend={send}
            onGiveUp={() => setEdited(undefined)}
            onDelete={() => setAsking(true)}
          />
        )}
      </section>
      {outcome?.kind === 'failed' && <ErrorNote error={outcome.error} />}
      {outcome?.kind === 'tried' && <DryRunView runs={outcome.runs} />}
      <ConfirmDialog
        title="Delete this dead letter?"
        verb="Delete"
        open={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={actions.remove}
      >
        Its text is then gone. Nothing is published.
      </ConfirmDialog>
    </div>
  );
}

/** What the hub said of the text as it was, or of the text as it is edited, or else what is wrong with it as JSON. */
function marksOf(letter: Letter, text: string, outcome: LetterOutcome | undefined): readonly Fault[] {
  if (text === letter.event) return faultsOf(text, { code: letter.reason, message: letter.message });
  const fault = jsonFault(text);
  if (fault !== undefined) return [fault];
  if (outcome?.kind !== 'failed' || outcome.text !== text) return [];
  const { error } = outcome;
  return error instanceof HubError ? faultsOf(text, error) : [];
}

function Reason({
  letter,
  hasMarks,
  isEditing,
}: {
  readonly letter: Letter;
  readonly hasMarks: boolean;
  readonly isEditing: boolean;
}): ReactElement {
  const { id, time, reason, message, event, sink } = letter;
  return (
    <header className="flex flex-col gap-1.5">
      <div className="flex flex-wrap items-center gap-2">
        <Badge tone="bad">{reason}</Badge>
        {sink !== undefined && <Badge title="The sink that could not deliver it">{sink}</Badge>}
        <Time at={time} className="text-muted" />
        <span className="flex items-center font-mono text-[13px] text-muted">
          {id}
          <CopyButton text={id} label="Copy the id" />
        </span>
        <span className="ml-auto">
          <CopyButton text={event} label="Copy the text">
            Copy the text
          </CopyButton>
        </span>
      </div>
      <p className="break-words">
        {message}{' '}
        <a className="underline" href={`../docs/reference/errors#${reason}`} target="_blank" rel="noreferrer">
          Read more
        </a>
      </p>
      {!isEditing && !hasMarks && (
        <p className="text-muted">
          {event === '' ? 'Its text was not kept: ' : 'No place is marked: '}
          {event === ''
            ? 'the entry had none, or one that was too long for the dead letters.'
            : 'the reason is not about a place in the text.'}
        </p>
      )}
      {event.includes('[redacted]') && (
        <p className="text-warn">
          Some values were masked before the text was stored, so what is sent from here has [redacted] in
          their place.
        </p>
      )}
    </header>
  );
}

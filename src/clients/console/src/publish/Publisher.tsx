import { useMemo, type ReactElement } from 'react';
import { JsonEditor } from '../editor/JsonEditor.tsx';
import type { Me } from '../session/me.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Screen } from '../ui/Screen.tsx';
import { mayPublishText } from './analysis.ts';
import { draftOf } from './draft.ts';
import type { PublishForm } from './event-formats.ts';
import { FormColumn } from './FormColumn.tsx';
import { Outcome } from './Outcome.tsx';
import { PublishBar } from './PublishBar.tsx';
import { PublishTools } from './PublishTools.tsx';
import { SentList } from './SentList.tsx';
import { useSent } from './sent-store.ts';
import { completionOf } from './suggestions.ts';
import { usePublisher, type Publisher as Writing } from './use-publisher.ts';

/** The events as a text and as a form, which are always in step: the text is what is published, and the form edits it. */
export function Publisher({ form, me }: { readonly form: PublishForm; readonly me: Me }): ReactElement {
  const publisher = usePublisher(form, me);
  const { templates, draft, change, setDraft, editor, publish, dryRun } = publisher;
  const { dialect } = draft;
  useShortcuts([
    { keys: 'e', label: 'Edit the text', run: () => editor.current?.focus() },
    { keys: 'd', label: 'Dry run', run: dryRun },
  ]);
  const tools = (
    <PublishTools
      dialects={[...templates.keys()]}
      dialect={dialect}
      onDialect={(next) => {
        const isFresh = draft.text === templates.get(dialect);
        change({ dialect: next, ...(isFresh && { text: templates.get(next) ?? '{}' }) });
      }}
      onNew={() => setDraft(draftOf(dialect, templates.get(dialect) ?? '{}'))}
    >
      {!me.publish.includes('*.*.*') && <span className="text-muted">{mayPublishText(me)}</span>}
    </PublishTools>
  );
  return (
    <Screen title="Publish" tools={tools}>
      <div
        className="flex min-h-0 flex-col gap-4 p-4 lg:grid lg:flex-1 lg:grid-cols-[minmax(0,24rem)_minmax(0,1fr)] lg:gap-0 lg:p-0"
        onKeyDown={(pressed) => {
          const isSubmit = pressed.key === 'Enter' && (pressed.ctrlKey || pressed.metaKey);
          if (!isSubmit || pressed.defaultPrevented) return;
          pressed.preventDefault();
          publish();
        }}
      >
        <section
          aria-label="Form"
          className="order-2 flex min-w-0 flex-col gap-2 lg:order-none lg:overflow-auto lg:border-r lg:border-line lg:p-4"
        >
          <FormColumn publisher={publisher} />
        </section>
        <div className="contents lg:flex lg:min-w-0 lg:flex-col lg:gap-4 lg:overflow-auto lg:p-4">
          <TextCard publisher={publisher} />
          <Outcome outcome={publisher.outcome} text={draft.text} onRetry={publish} />
          <SentList
            sent={useSent()}
            onAgain={({ dialect: then, text = '' }) => setDraft(draftOf(then, text))}
          />
        </div>
      </div>
    </Screen>
  );
}

/** The text with what can be done with it. */
function TextCard({ publisher }: { readonly publisher: Writing }): ReactElement {
  const { draft, change, setDraft, analysis, marks, topics, editor, isPending, publish, dryRun } = publisher;
  const { fields, ignoreCase } = analysis;
  const complete = useMemo(() => completionOf(fields, topics, ignoreCase), [fields, topics, ignoreCase]);
  return (
    <section
      aria-label="Text"
      className="flex min-w-0 shrink-0 flex-col overflow-hidden rounded-md border border-line bg-panel"
    >
      <JsonEditor
        className="h-[min(22rem,45vh)]"
        text={draft.text}
        label="Events as JSON"
        marks={marks}
        handle={editor}
        complete={complete}
        onChange={(text) => change({ text })}
        onSubmit={publish}
      />
      <PublishBar
        draft={draft}
        setDraft={setDraft}
        isPending={isPending}
        faults={marks}
        onFault={({ from }) => editor.current?.goTo(from)}
        onPublish={publish}
        onDryRun={dryRun}
      />
    </section>
  );
}

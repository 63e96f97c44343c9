import type { ReactElement } from 'react';
import { withItem, withoutItem } from '../json/json-edit.ts';
import { EventForm } from './EventForm.tsx';
import { EventTabs } from './EventTabs.tsx';
import type { Publisher } from './use-publisher.ts';

/** The form of one event, and which of a list it is. */
export function FormColumn({ publisher }: { readonly publisher: Publisher }): ReactElement {
  const { form, templates, draft, change, analysis, index, misfits, refused, topics } = publisher;
  const { text, dialect } = draft;
  const { root, events, fields, ignoreCase, fault } = analysis;
  const event = events[index];
  return (
    <>
      {root !== undefined && (
        <EventTabs
          count={events.length}
          index={index}
          max={form.maxEvents}
          onIndex={(next) => change({ index: next })}
          onAdd={() =>
            change({ text: withItem(text, root, templates.get(dialect) ?? '{}'), index: events.length })
          }
          onRemove={() => change({ text: withoutItem(text, root, index), index: Math.max(0, index - 1) })}
        />
      )}
      {event?.kind === 'object' ? (
        <EventForm
          key={`${dialect} ${index}`}
          event={event}
          fields={fields}
          ignoreCase={ignoreCase}
          topics={topics}
          misfits={misfits}
          refused={refused}
          onText={(next) => change({ text: next })}
        />
      ) : (
        <p className="text-muted">
          {fault === undefined
            ? 'The form is for an event, which is an object, or for a list of them.'
            : `The form comes back when the text is JSON. ${fault.message}`}
        </p>
      )}
    </>
  );
}

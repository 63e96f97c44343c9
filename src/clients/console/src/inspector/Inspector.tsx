import { X } from 'lucide-react';
import { useMemo, useState, type ReactElement } from 'react';
import type { JsonNode } from '../json/json-tree.ts';
import type { EventRow } from '../live/rows.ts';
import type { ChosenValue } from '../live/ValueMenu.tsx';
import { Button } from '../ui/Button.tsx';
import { visibleText } from '../ui/visible-text.ts';
import { EventDiff } from './EventDiff.tsx';
import { EventFactsList } from './EventFactsList.tsx';
import { EventTools } from './EventTools.tsx';
import { factsOf, type EventFacts } from './event-facts.ts';
import { JsonTree, type OnValue } from './JsonTree.tsx';
import { Neighbours } from './Neighbours.tsx';
import { RawText } from './RawText.tsx';

export interface InspectorProps {
  readonly row: EventRow;
  /** The event before of the same key among those that the page holds. */
  readonly heldBefore: () => EventRow | undefined;
  readonly onOpen: (row: EventRow) => void;
  readonly onValue: (value: ChosenValue) => void;
  readonly onClose: () => void;
}

const TABS = ['Tree', 'Changes', 'Text'] as const;
const TOPIC_MAX = 600;

/** All of one event: what it says, what changed, and the text as it came. */
export function Inspector({ row, heldBefore, onOpen, onValue, onClose }: InspectorProps): ReactElement {
  const [tab, setTab] = useState<(typeof TABS)[number]>('Tree');
  const facts = useMemo(() => factsOf(row.text), [row]);
  const choose: OnValue = (path, value, anchor) => onValue({ path, json: value.text, anchor });
  return (
    <section aria-label="The event" className="flex h-full min-h-0 flex-col bg-panel">
      <header className="flex items-start gap-2 py-2 pr-2 pl-3">
        <h2 className="max-h-24 min-w-0 flex-1 overflow-auto py-1 font-mono text-sm break-all">
          <Topic facts={facts} />
        </h2>
        <Button
          kind="quiet"
          aria-label="Close"
          title="Close (Escape)"
          className="w-8 px-0!"
          onClick={onClose}
        >
          <X aria-hidden className="size-4" />
        </Button>
      </header>
      <EventTools text={row.text} facts={facts} />
      <EventFactsList facts={facts} />
      <Neighbours facts={facts} onOpen={onOpen} />
      <div
        role="tablist"
        aria-label="How the event is shown"
        className="flex gap-1 border-b border-line px-3 pt-1"
      >
        {TABS.map((each) => (
          <button
            key={each}
            type="button"
            role="tab"
            id={`event-tab-${each}`}
            aria-selected={tab === each}
            aria-controls="event-tabpanel"
            className="border-b-2 border-transparent px-2 py-1 text-muted aria-selected:border-accent aria-selected:text-text"
            onClick={() => setTab(each)}
          >
            {each}
          </button>
        ))}
      </div>
      <div
        role="tabpanel"
        id="event-tabpanel"
        aria-labelledby={`event-tab-${tab}`}
        tabIndex={0}
        className="min-h-0 flex-1 overflow-auto focus-visible:-outline-offset-2"
      >
        {tab === 'Tree' && <Parts key={row.text} facts={facts} onValue={choose} />}
        {tab === 'Changes' && <EventDiff facts={facts} heldBefore={heldBefore()} />}
        {tab === 'Text' && <RawText text={row.text} />}
      </div>
    </section>
  );
}

function Topic({ facts: { type, action, key } }: { readonly facts: EventFacts }): ReactElement {
  return (
    <>
      <span className="font-semibold">{visibleText(type, TOPIC_MAX)}</span>.{visibleText(action, TOPIC_MAX)}.
      {visibleText(key, TOPIC_MAX)}
    </>
  );
}

/** Object, original and metadata, as far as the event has them. */
function Parts({ facts, onValue }: { readonly facts: EventFacts; readonly onValue: OnValue }): ReactElement {
  const { object, original, metadata } = facts;
  const parts: (readonly [string, JsonNode | undefined])[] = [
    ['object', object],
    ['original', original],
    ['metadata', metadata],
  ];
  return (
    <ul className="p-2 font-mono text-xs">
      {parts.map(([name, value]) =>
        value === undefined ? null : <JsonTree key={name} path={[name]} value={value} onValue={onValue} />,
      )}
    </ul>
  );
}

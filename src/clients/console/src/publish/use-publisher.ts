import { useQuery } from '@tanstack/react-query';
import { useMemo, useRef, type RefObject } from 'react';
import type { EditorHandle } from '../editor/LoadedEditor.tsx';
import type { Mark } from '../editor/mark.ts';
import { faultsOf } from '../json/event-faults.ts';
import type { Fault } from '../json/json-fault.ts';
import type { Misfit } from '../schema/check.ts';
import { templateOf } from '../schema/form-fields.ts';
import type { Me } from '../session/me.ts';
import { session } from '../session/session.ts';
import { analyse, type Analysis } from './analysis.ts';
import type { Draft } from './draft.ts';
import type { PublishForm } from './event-formats.ts';
import type { HeardTopic } from './suggestions.ts';
import { useDraft, type ChangeDraft } from './use-draft.ts';
import { usePublishing, type PublishOutcome } from './use-publishing.ts';

/** What is written, what is wrong with it, and what can be done with it. */
export interface Publisher {
  readonly form: PublishForm;
  /** What each format begins with. */
  readonly templates: ReadonlyMap<string, string>;
  readonly draft: Draft;
  readonly change: ChangeDraft;
  readonly setDraft: (draft: Draft) => void;
  readonly analysis: Analysis;
  /** The position of the event that the form shows. */
  readonly index: number;
  /** What is wrong with that event. */
  readonly misfits: readonly Misfit[];
  /** The places that the hub named when it refused this text. */
  readonly refused: readonly Fault[];
  /** All places that are marked in the text. */
  readonly marks: readonly Mark[];
  readonly topics: readonly HeardTopic[];
  readonly editor: RefObject<EditorHandle | null>;
  readonly outcome: PublishOutcome | undefined;
  readonly isPending: boolean;
  /** Publishes, or shows where the text is no JSON. */
  readonly publish: () => void;
  readonly dryRun: () => void;
}

/** How many places are marked at once. */
const MARKED = 100;
const NO_TOPICS: readonly HeardTopic[] = [];
const TOPICS_FRESH_MS = 60_000;

export function usePublisher(form: PublishForm, me: Me): Publisher {
  const templates = useMemo(
    () => new Map(form.formats.map(({ dialect, schema }) => [dialect, templateOf(schema, form.definitions)])),
    [form],
  );
  const [draft, change, setDraft] = useDraft(templates);
  const { text, dialect } = draft;
  const analysis = useMemo(() => analyse(text, dialect, form, me), [text, dialect, form, me]);
  const { fault, events } = analysis;
  const publishing = usePublishing(draft, analysis);
  const { outcome } = publishing;
  const refusal = outcome?.kind === 'refused' && outcome.text === text ? outcome.error : undefined;
  const refused = useMemo(() => (refusal === undefined ? [] : faultsOf(text, refusal)), [refusal, text]);
  // What is empty at the beginning is no mistake of anybody.
  const isFresh = text === templates.get(dialect) && outcome === undefined;
  const marks = useMemo(
    () => (fault === undefined ? marksOf(isFresh ? [] : analysis.misfits.flat(), refused) : [fault]),
    [fault, analysis, refused, isFresh],
  );
  const editor = useRef<EditorHandle>(null);
  const index = Math.min(draft.index, Math.max(0, events.length - 1));
  const topics = useTopics();
  const orShow = (act: () => void) => () => (fault === undefined ? act() : editor.current?.goTo(fault.from));
  return {
    form,
    templates,
    draft,
    change,
    setDraft,
    analysis,
    index,
    refused,
    marks,
    topics,
    editor,
    outcome,
    misfits: isFresh ? [] : (analysis.misfits[index] ?? []),
    isPending: publishing.isPending,
    publish: orShow(publishing.publish),
    dryRun: orShow(publishing.dryRun),
  };
}

/** What the schema says, and what the hub says of other places. */
function marksOf(misfits: readonly Misfit[], refused: readonly Fault[]): readonly Mark[] {
  const own = misfits.slice(0, MARKED).map(({ path, from, to, message }): Mark => {
    const isSaid = path.length === 0 || message.includes(path.at(-1) ?? '');
    return { from, to, message: isSaid ? message : `${path.join('.')}: ${message}` };
  });
  const others = refused.filter(({ from, to }) => !own.some((mark) => mark.from === from && mark.to === to));
  return [...own, ...others];
}

/** The types and actions that the hub has heard. Without them, nothing is suggested. */
function useTopics(): readonly HeardTopic[] {
  const { data } = useQuery({
    queryKey: ['topics'],
    queryFn: async () => (await (await session.request('api/v3/topics')).json()) as readonly HeardTopic[],
    staleTime: TOPICS_FRESH_MS,
    retry: false,
  });
  return data ?? NO_TOPICS;
}

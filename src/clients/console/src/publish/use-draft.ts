import { useCallback, useEffect, useState } from 'react';
import { useLocation, useSearchParams } from 'wouter';
import { changed, draftOf, linkedDraft, type Draft } from './draft.ts';

/** What was being written when the screen was left. It is there when the screen is opened again. */
let kept: Draft | undefined;

export type ChangeDraft = (change: Parameters<typeof changed>[1]) => void;

/** What is about to be published: what a link asks for, or what was left, or else the template of the first format. */
export function useDraft(
  templates: ReadonlyMap<string, string>,
): readonly [draft: Draft, change: ChangeDraft, set: (draft: Draft) => void] {
  const [, navigate] = useLocation();
  const [query] = useSearchParams();
  const [draft, setDraft] = useState<Draft>(() => {
    const [[dialect, text] = ['', '{}']] = templates;
    return linkedDraft(query, [...templates.keys()]) ?? kept ?? draftOf(dialect, text);
  });
  kept = draft;
  const change = useCallback<ChangeDraft>((next) => setDraft((now) => changed(now, next)), []);
  useEffect(() => {
    const linked = linkedDraft(query, [...templates.keys()]);
    if (linked === undefined) return;
    setDraft(linked);
    // From here on the text is what somebody writes, and no longer what the link says.
    navigate('/publish', { replace: true });
  }, [query, templates, navigate]);
  return [draft, change, setDraft];
}

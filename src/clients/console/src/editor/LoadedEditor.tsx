import { useEffect, useImperativeHandle, useRef, type ReactElement, type Ref } from 'react';
import { JsonTextEditor, type EditorHandlers } from './create-editor.ts';
import type { Mark } from './mark.ts';

export interface EditorHandle {
  /** Shows a place of the text, and puts the cursor there. */
  readonly goTo: (from: number) => void;
  readonly focus: () => void;
}

export interface LoadedEditorProps extends EditorHandlers {
  readonly text: string;
  readonly label: string;
  readonly marks?: readonly Mark[];
  readonly original?: string | undefined;
  readonly isReadOnly?: boolean;
  /** A place of the text that is brought into view when the editor is opened, and when it is another one. */
  readonly inView?: number | undefined;
  readonly className?: string;
  readonly handle?: Ref<EditorHandle>;
}

const NO_MARKS: readonly Mark[] = [];

export default function LoadedEditor({
  text,
  label,
  marks = NO_MARKS,
  original,
  isReadOnly = false,
  inView,
  className = '',
  handle,
  ...handlers
}: LoadedEditorProps): ReactElement {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<JsonTextEditor>(undefined);
  const latest = useRef<EditorHandlers>(handlers);
  latest.current = handlers;
  const first = useRef({ text, original });

  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const root = element.shadowRoot ?? element.attachShadow({ mode: 'open' });
    const parent = document.createElement('div');
    parent.style.height = '100%';
    root.append(parent);
    editor.current = new JsonTextEditor(parent, root, {
      ...first.current,
      label,
      isReadOnly,
      handlers: () => latest.current,
    });
    return () => {
      editor.current?.view.destroy();
      editor.current = undefined;
      parent.remove();
    };
  }, [label, isReadOnly]);

  useEffect(() => {
    first.current = { text, original };
    editor.current?.setText(text);
  }, [text, original]);
  useEffect(() => editor.current?.setOriginal(original), [original, label, isReadOnly]);
  useEffect(() => editor.current?.setMarks(marks), [marks, text, label, isReadOnly]);
  useEffect(() => {
    if (inView !== undefined && isReadOnly) editor.current?.show(inView);
  }, [inView, label, isReadOnly]);
  useImperativeHandle(
    handle,
    () => ({
      goTo: (from) => {
        editor.current?.goTo(from);
        editor.current?.view.focus();
      },
      focus: () => editor.current?.view.focus(),
    }),
    [],
  );

  // The class tells the shortcuts of the page that somebody types here.
  return <div ref={host} className={`cm-editor min-h-0 min-w-0 ${className}`} />;
}

import { lazy, Suspense, type ReactElement } from 'react';
import type { LoadedEditorProps } from './LoadedEditor.tsx';

const Loaded = lazy(() => import('./LoadedEditor.tsx'));

/**
 * An editor of a text that should be JSON, with all its digits. CodeMirror is loaded when it is first needed; until then the text
 * stands there to be read.
 */
export function JsonEditor(props: LoadedEditorProps): ReactElement {
  const { text, label, className = '' } = props;
  return (
    <Suspense
      fallback={
        <pre
          aria-label={label}
          aria-busy="true"
          className={`overflow-hidden bg-panel p-2 font-mono text-[13px] whitespace-pre-wrap ${className}`}
        >
          {text.slice(0, SHOWN)}
        </pre>
      }
    >
      <Loaded {...props} />
    </Suspense>
  );
}

/** What fits on a page. */
const SHOWN = 4_000;

import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { bracketMatching } from '@codemirror/language';
import { lintKeymap, setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { unifiedMergeView } from '@codemirror/merge';
import { search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, Transaction, type Extension } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  type KeyBinding,
} from '@codemirror/view';
import { completionsAt, type Complete } from './completion.ts';
import { differenceOf } from './difference.ts';
import type { Mark } from './mark.ts';
import { theme } from './theme.ts';

/** What an editor tells its owner. The functions of the latest moment are called. */
export interface EditorHandlers {
  readonly onChange?: ((text: string) => void) | undefined;
  /** Ctrl+Enter, or Cmd+Enter. */
  readonly onSubmit?: (() => void) | undefined;
  readonly complete?: Complete | undefined;
}

export interface EditorOptions {
  readonly text: string;
  /** What the field is, for those who do not see it. */
  readonly label: string;
  readonly isReadOnly: boolean;
  /** If there is one, it is shown what was changed against it. */
  readonly original?: string | undefined;
  readonly handlers: () => EditorHandlers;
}

/** An editor of JSON in an element. */
export class JsonTextEditor {
  readonly view: EditorView;
  readonly #merge = new Compartment();

  /** Its styles go to the root of the element, which is a shadow root: the content security policy permits no style elements. */
  constructor(parent: HTMLElement, root: ShadowRoot, options: EditorOptions) {
    const { text, original } = options;
    const extensions = [setup(options), this.#merge.of(mergeOf(original))];
    this.view = new EditorView({ parent, root, state: EditorState.create({ doc: text, extensions }) });
  }

  /** Changes the text from outside. What stays is not touched, so the cursor stays where it was, and a change can be undone. */
  setText(text: string): void {
    const now = this.view.state.doc.toString();
    if (now === text) return;
    const changes = differenceOf(now, text);
    this.view.dispatch({ changes, annotations: Transaction.userEvent.of('input.outside') });
  }

  setOriginal(original: string | undefined): void {
    this.view.dispatch({ effects: this.#merge.reconfigure(mergeOf(original)) });
  }

  setMarks(marks: readonly Mark[]): void {
    const { length } = this.view.state.doc;
    const diagnostics = marks.map(({ from, to, message, tone = 'error' }): Diagnostic => {
      const start = Math.min(from, length);
      return { from: start, to: Math.max(start, Math.min(to, length)), message, severity: tone };
    });
    this.view.dispatch(setDiagnostics(this.view.state, diagnostics));
  }

  /** Brings a place of the text into view. */
  show(from: number): void {
    const at = Math.min(from, this.view.state.doc.length);
    this.view.dispatch({ effects: EditorView.scrollIntoView(at, { y: 'center' }) });
  }

  /** Brings a place of the text into view, and puts the cursor there. */
  goTo(from: number): void {
    const anchor = Math.min(from, this.view.state.doc.length);
    this.view.dispatch({
      selection: { anchor },
      effects: EditorView.scrollIntoView(anchor, { y: 'center' }),
    });
  }
}

function setup({ label, isReadOnly, handlers }: EditorOptions): Extension {
  const submit: KeyBinding = {
    key: 'Mod-Enter',
    run: () => {
      handlers().onSubmit?.();
      return true;
    },
  };
  return [
    lineNumbers(),
    highlightSpecialChars(),
    history(),
    drawSelection(),
    EditorView.lineWrapping,
    bracketMatching(),
    closeBrackets(),
    json(),
    search({ top: true }),
    autocompletion({ override: [(context) => completionsAt(context, handlers().complete)], icons: false }),
    keymap.of([
      submit,
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...lintKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...defaultKeymap,
    ]),
    theme,
    // Every character stays as it is, returns as well.
    EditorState.lineSeparator.of('\n'),
    EditorState.readOnly.of(isReadOnly),
    EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false' }),
    EditorView.updateListener.of(({ docChanged, state, transactions }) => {
      const isOutside = transactions.every((each) => each.isUserEvent('input.outside'));
      if (docChanged && !isOutside) handlers().onChange?.(state.doc.toString());
    }),
  ];
}

function mergeOf(original: string | undefined): Extension {
  if (original === undefined) return [];
  return unifiedMergeView({ original, mergeControls: false, highlightChanges: true, gutter: true });
}

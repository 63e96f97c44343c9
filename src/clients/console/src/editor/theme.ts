import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

const COLOURS = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--color-text)' },
  { tag: tags.string, color: 'var(--color-good)' },
  { tag: tags.number, color: 'var(--color-accent)' },
  { tag: [tags.bool, tags.null], color: 'var(--color-warn)' },
  { tag: [tags.separator, tags.squareBracket, tags.brace], color: 'var(--color-muted)' },
]);

const LOOK = EditorView.theme({
  '&': {
    height: '100%',
    color: 'var(--color-text)',
    backgroundColor: 'var(--color-panel)',
    fontSize: '13px',
  },
  '&.cm-focused': { outline: '2px solid var(--color-accent)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--font-mono)', lineHeight: '1.5', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--color-text)' },
  '.cm-cursor': { borderLeftColor: 'var(--color-text)' },
  '.cm-gutters': {
    backgroundColor: 'var(--color-panel)',
    color: 'var(--color-muted)',
    borderRight: '1px solid var(--color-line)',
  },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'transparent' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': {
    backgroundColor: 'var(--color-tint)',
  },
  '.cm-selectionMatch, .cm-searchMatch': { backgroundColor: 'var(--color-warn-tint)' },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--color-raised)' },
  '.cm-specialChar': { color: 'var(--color-bad)' },
  '.cm-tooltip, .cm-panels': {
    backgroundColor: 'var(--color-panel)',
    color: 'var(--color-text)',
    border: '1px solid var(--color-line)',
  },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--color-tint)',
    color: 'var(--color-accent)',
  },
  '.cm-completionDetail': { color: 'var(--color-muted)', fontStyle: 'normal' },
  // The usual waves are images in data URLs, which the content security policy may forbid.
  '.cm-lintRange-error, .cm-lintRange-warning': {
    backgroundImage: 'none',
    paddingBottom: '0',
    textDecoration: 'underline wavy var(--color-bad)',
    textUnderlineOffset: '3px',
  },
  '.cm-lintRange-error': { backgroundColor: 'var(--color-bad-tint)' },
  '.cm-lintRange-warning': {
    textDecorationColor: 'var(--color-warn)',
    backgroundColor: 'var(--color-warn-tint)',
  },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--color-bad)' },
  '.cm-diagnostic-warning': { borderLeftColor: 'var(--color-warn)' },
  '.cm-lintPoint::after': { borderBottomColor: 'var(--color-bad)' },
  '.cm-changedLine': { backgroundColor: 'var(--color-good-tint) !important' },
  '.cm-changedText': { background: 'none !important', textDecoration: 'underline 2px var(--color-good)' },
  '.cm-deletedChunk': { backgroundColor: 'var(--color-bad-tint) !important' },
  '.cm-deletedChunk .cm-deletedText': {
    background: 'none !important',
    textDecoration: 'line-through var(--color-bad)',
  },
  '.cm-changeGutter': { width: '3px', paddingLeft: '1px' },
  '.cm-changedLineGutter': { background: 'var(--color-good)' },
  '.cm-deletedLineGutter': { background: 'var(--color-bad)' },
  '.cm-textfield': {
    backgroundColor: 'var(--color-panel)',
    color: 'var(--color-text)',
    border: '1px solid var(--color-line)',
  },
  '.cm-button': {
    backgroundImage: 'none',
    backgroundColor: 'var(--color-raised)',
    color: 'var(--color-text)',
    border: '1px solid var(--color-line)',
  },
});

/** The colours of the console. They are variables, so they follow its theme. */
export const theme: Extension = [LOOK, syntaxHighlighting(COLOURS)];

import type { CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { syntaxTree } from '@codemirror/language';
import type { EditorState } from '@codemirror/state';

type SyntaxNode = ReturnType<ReturnType<typeof syntaxTree>['resolveInner']>;

/** Where somebody types a string: the name of a field, or the value of one. */
export interface TypingPlace {
  readonly isName: boolean;
  /** The names above it, from the event down. */
  readonly path: readonly string[];
  /** The strings of the other fields of its object. */
  readonly siblings: Readonly<Record<string, string>>;
}

export interface Choice {
  readonly text: string;
  /** A word or two behind it. */
  readonly detail?: string;
}

/** What may be written at a place. */
export type Complete = (place: TypingPlace) => readonly Choice[];

/** The choices for the string in which the cursor stands. */
export function completionsAt(
  { state, pos }: CompletionContext,
  complete: Complete | undefined,
): CompletionResult | null {
  const node = syntaxTree(state).resolveInner(pos, -1);
  const isName = node.name === 'PropertyName';
  if (complete === undefined || !(isName || node.name === 'String')) return null;
  const property = node.parent?.name === 'Property' ? node.parent : null;
  const object = property?.parent ?? null;
  if (property === null || object === null) return null;
  const above = pathOf(state, isName ? object : property);
  const choices = complete({ isName, path: above, siblings: siblingsOf(state, object) });
  if (choices.length === 0) return null;
  const quoted = textOf(state, node);
  const to = quoted.length > 1 && quoted.endsWith('"') ? node.to - 1 : node.to;
  const options = choices.map(({ text, detail }) => ({
    label: text,
    // Within the quotes, without them.
    apply: JSON.stringify(text).slice(1, -1),
    ...(detail !== undefined && { detail }),
  }));
  return { from: node.from + 1, to: Math.max(pos, to), options, validFor: /^[^"\\]*$/ };
}

function pathOf(state: EditorState, from: SyntaxNode): string[] {
  const path: string[] = [];
  for (let node: SyntaxNode | null = from; node !== null; node = node.parent)
    if (node.name === 'Property') path.unshift(nameOf(state, node));
  return path;
}

function siblingsOf(state: EditorState, object: SyntaxNode): Record<string, string> {
  const fields = object.getChildren('Property').flatMap((property) => {
    const value = property.getChild('String');
    return value === null ? [] : [[nameOf(state, property), unquoted(textOf(state, value))] as const];
  });
  return Object.fromEntries(fields);
}

function nameOf(state: EditorState, property: SyntaxNode): string {
  const name = property.getChild('PropertyName');
  return name === null ? '' : unquoted(textOf(state, name));
}

function textOf(state: EditorState, { from, to }: SyntaxNode): string {
  return state.sliceDoc(from, to);
}

/** What a string says. One that somebody types may not have ended yet. */
function unquoted(text: string): string {
  try {
    const said: unknown = JSON.parse(text);
    return typeof said === 'string' ? said : '';
  } catch {
    return text.replaceAll('"', '');
  }
}

/** Where a place of a text stands: both count from one, and columns in characters as UTF-16 counts them. */
export function positionOf(text: string, at: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, at);
  const lineAt = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: at - lineAt + 1 };
}

/** The path and the query of a fragment, which begins with `#` or is empty. */
export function partsOfFragment(fragment: string): { readonly path: string; readonly query: string } {
  const [path = '', ...query] = fragment.replace(/^#?\/?/, '').split('?');
  return { path: `/${path}`, query: query.join('?') };
}

/** The token lives as long as the tab. It comes in the fragment of an address, which no browser sends and no server logs. */
const NAME = 'belfry-token';

/** The token of the address, which is removed from there, or else the token of this tab. */
export function takeToken(): string | undefined {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given === null) return sessionStorage.getItem(NAME) ?? undefined;
  history.replaceState(null, '', location.pathname + location.search);
  storeToken(given);
  return given;
}

/** Takes up a link that signs in, in a tab where the console is open already: the browser then only changes the fragment. */
export function followTokenLinks(): void {
  addEventListener('hashchange', () => {
    if (new URLSearchParams(location.hash.slice(1)).has('token')) location.reload();
  });
}

/** Leaves nothing in the tab of the one who was signed in. */
export function forgetTab(): void {
  for (const name of Object.keys(sessionStorage))
    if (name.startsWith('belfry-')) sessionStorage.removeItem(name);
}

export function storeToken(token: string | undefined): void {
  if (token === undefined) sessionStorage.removeItem(NAME);
  else sessionStorage.setItem(NAME, token);
}

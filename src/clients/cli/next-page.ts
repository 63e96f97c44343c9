/** The path of the next page of a list, relative to the hub, if there is one. */
export function nextOf({ headers }: Response): string | undefined {
  return /<\/?([^>]+)>; rel="next"/.exec(headers.get('Link') ?? '')?.[1];
}

/** Words of PromQL that name no series. Functions are recognised by their parenthesis. */
const WORDS = new Set(
  'sum min max avg count by without on ignoring group_left group_right and or unless bool offset'.split(' '),
);

/** A series that a query reads, and the labels by which the query selects it. */
export interface Read {
  readonly name: string;
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[];
}

/** The series that a query reads. It knows as much of PromQL as the alerts and the dashboard use. */
export function readsOf(query: string): Read[] {
  const plain = query.replaceAll(/\b(?:by|without|on|ignoring)\s*\([^)]*\)|\[[^\]]*\]/g, ' ');
  return [...plain.matchAll(/([a-z_:][\w:]*)(\s*\()?(\{[^}]*\})?|"[^"]*"|\d[\w.]*/gi)].flatMap(
    ([, name, called, selector = '']) => {
      if (name === undefined || called !== undefined || WORDS.has(name)) return [];
      const matchers = [...selector.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)];
      return {
        name,
        matchers: matchers.map(([, label = '', operator = '', value = '']) => ({ label, operator, value })),
      };
    },
  );
}

/** The labels by which a query groups series. */
export function groupingsOf(query: string): string[] {
  const lists = query.matchAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g);
  return [...lists].flatMap(([, list = '']) => list.split(',').map((label) => label.trim()));
}

import type { Kinds } from './connection.ts';
import type { FilterField, Term } from './filter.ts';
import type { Sorting } from './sorting.ts';

/** The fields of the API by which the registry filters. It does not know patterns. */
const API_FIELDS: Readonly<Partial<Record<FilterField, string>>> = {
  principal: 'Principal',
  address: 'RemoteAddr',
  node: 'Node',
  dialect: 'Dialect',
  type: 'Type',
  agent: 'UserAgent',
  id: 'Id',
};

/** The longest expression that the hub takes. */
const EXPRESSION_MAX = 200;

export interface FilterQuery {
  readonly parameters: URLSearchParams;
  /** Whether the parameters say all that the words say. Otherwise they select more. */
  readonly isWhole: boolean;
}

/** The kinds and the words in the grammar of the API, as far as that can say them. */
export function filterQuery(terms: readonly Term[], kinds: Kinds): FilterQuery {
  const parameters = new URLSearchParams();
  let isWhole = true;
  for (const term of terms) {
    // A word without a field is most often a part of a principal.
    const field = API_FIELDS[term.field ?? 'principal'];
    const value = term.isNot ? undefined : valueOf(term);
    if (term.field === undefined || field === undefined || value === undefined) isWhole = false;
    if (field !== undefined && value !== undefined) parameters.append(field, value);
  }
  // Without a condition on the principal the API leaves out anonymous connections.
  if (kinds.anonymous) {
    if (!parameters.has('Principal')) parameters.append('Principal', 'Ne()');
  } else if (parameters.has('Principal')) isWhole &&= !mayBeAnonymous(terms);
  if (!kinds.rest) {
    if (parameters.has('Type')) isWhole = false;
    else parameters.append('Type', 'Ne(api)');
  }
  return { parameters, isWhole };
}

/** Adds an order. Deliveries and patterns are no fields of the registry. */
export function sortParameters(
  parameters: URLSearchParams,
  { column, isDescending }: Sorting,
): URLSearchParams {
  const field = column === 'since' ? 'CreateTime' : column === 'expires' ? 'ExpiresAt' : undefined;
  const known = field ?? (column in API_FIELDS ? API_FIELDS[column as FilterField] : undefined);
  if (known === undefined) return parameters;
  parameters.append('sort', known);
  if (isDescending) parameters.append('reverse', 'true');
  return parameters;
}

function valueOf({ text, isExact }: Term): string | undefined {
  if (isExact) return `Eq(${text})`;
  const expression = `(?i)${text.replaceAll(/[\\^$.|?*+()[\]{}]/g, String.raw`\$&`)}`;
  return expression.length <= EXPRESSION_MAX ? `Re(${expression})` : undefined;
}

function mayBeAnonymous(terms: readonly Term[]): boolean {
  return terms.some(
    ({ field, text, isExact }) =>
      field === 'principal' && (isExact ? text === 'unknown' : 'unknown'.includes(text.toLowerCase())),
  );
}

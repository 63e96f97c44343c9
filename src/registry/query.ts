import type { Principal } from '../model/principal.ts';

/** The fields that a filter or an order may name. */
export const FIELDS = [
  'RemoteAddr',
  'Type',
  'Principal',
  'CreateTime',
  'ExpiresAt',
  'Id',
  'Node',
  'Dialect',
  'UserAgent',
] as const;
export type Field = (typeof FIELDS)[number];

/** One of these must hold for the field. Values are as written; addresses and times compare as what they are. */
export interface FieldFilter {
  readonly field: Field;
  readonly any: readonly FieldTest[];
}

export interface FieldTest {
  readonly name: 'Eq' | 'Ne' | 'Lt' | 'Lte' | 'Gt' | 'Gte' | 'Between' | 'Except' | 'In' | 'Nin' | 'Re';
  readonly values: readonly string[];
}

/** Which connections, and in what order. Anonymous ones are left out unless a filter names `Principal`. */
export interface ConnectionQuery {
  /** Whose connections the caller may see. */
  readonly visible: 'all' | readonly Principal[];
  /** All must hold. */
  readonly filters: readonly FieldFilter[];
  /** By these fields, the first one first; by `RemoteAddr` when empty. */
  readonly sort: readonly Field[];
  readonly reverse: boolean;
  readonly offset: number;
  /** May be Infinity. */
  readonly limit: number;
}

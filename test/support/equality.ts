import { expect } from 'vitest';
import { JsonText } from '../../src/model/json.ts';

/** A value that is still JSON text equals its parsed form, so a test need not know whether the text was parsed already. */
expect.addEqualityTesters([
  function asRead(a, b, testers): boolean | undefined {
    if (!(a instanceof JsonText || b instanceof JsonText)) return undefined;
    return this.equals(read(a), read(b), testers);
  },
]);

function read(value: unknown): unknown {
  return value instanceof JsonText ? value.value : value;
}

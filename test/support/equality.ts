import { expect } from 'vitest';
import { JsonText } from '../../src/model/json.ts';

/** What is still a text equals what it says, so that a test need not know whether anybody has looked into it. */
expect.addEqualityTesters([
  function asRead(a, b, testers): boolean | undefined {
    if (!(a instanceof JsonText || b instanceof JsonText)) return undefined;
    return this.equals(read(a), read(b), testers);
  },
]);

function read(value: unknown): unknown {
  return value instanceof JsonText ? value.value : value;
}

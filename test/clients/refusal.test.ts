import { expect, it } from 'vitest';
import { messageOf } from '../../src/clients/cli/target.ts';

it('a command prints the page that a refusal names as a URL of the hub that refused', () => {
  const body = JSON.stringify({ Messages: ['Why.', 'See /docs/reference/errors#forbidden'] });
  const printed = 'Why. See https://hub.example:8092/docs/reference/errors#forbidden';
  expect(messageOf(body, new URL('https://hub.example:8092/api/v3/events'))).toBe(printed);
  expect(messageOf(body, new URL('wss://hub.example:8092/native/ws'))).toBe(printed);
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { valueTexts } from '../../../src/clients/sdk/value-texts.ts';
import { startWorld } from './world.ts';

describe('the texts of the values of a list', () => {
  it('are those that were written, whatever stands in the values, and however it is spaced', () => {
    const written = fc
      .json()
      .chain((text) => fc.constantFrom(text, JSON.stringify(JSON.parse(text), null, 2)));
    fc.assert(
      fc.property(fc.array(written), fc.constantFrom('', ' ', '\n  '), (values, space) => {
        const list = `[${values.map((value) => `${space}${value}${space}`).join()}${space}]`;
        const expected = values.map((value) => value.trim());
        expect(valueTexts(list)).toEqual(expected);
        expect(valueTexts(`{"events":${list},"cursor":"]","more":[1,2]}`)).toEqual(expected);
      }),
    );
  });

  it('keep every digit of a number', () => {
    expect(valueTexts('[{"n":9007199254740993,"f":1.10},"a,]\\"[",[1,[2]]]')).toEqual([
      '{"n":9007199254740993,"f":1.10}',
      '"a,]\\"["',
      '[1,[2]]',
    ]);
  });
});

describe('an event of the past', () => {
  it('has the text that stands in the log, in history, lists and values', async () => {
    const retention = { BELFRY_RETENTION: '[{"pattern":"machines.*.*","latest":true}]' };
    const { hub, node } = await startWorld(retention);
    const object = '{"n":9007199254740993,"f":1.10}';
    await fetch(`${node.url}/api/v3/events`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' },
      body: `{"type":"machines","action":"save","key":"a","object":${object}}`,
    });
    const texts: string[] = [];
    for await (const item of hub.history('machines.*.*')) if (item.gap === undefined) texts.push(item.text);
    for await (const { values } of hub.list('machines')) {
      texts.push(...[...values.values()].map(({ text }) => text));
      break;
    }
    for await (const event of hub.latest('machines', 'a')) {
      texts.push(event?.text ?? '');
      break;
    }
    expect(texts).toEqual(
      Array.from({ length: 3 }, () => expect.stringContaining(`"object":${object}`) as unknown),
    );
  });
});

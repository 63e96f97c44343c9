import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../src/model/errors.ts';
import { canonicalJson, refuseReservedType, refuseUnloggedType } from '../../src/model/event.ts';
import { anEvent } from '../support/connection.ts';

describe('an event', () => {
  it.each(['belfry', 'websocket', 'connections', 'presence', 'tokens', 'interest'])(
    'may not be published with the type %s',
    (type) => {
      expect(() => refuseReservedType(anEvent({ type }))).toThrow(ProtocolError);
      expect(() => refuseReservedType(anEvent({ type }))).toThrow(
        expect.objectContaining({ code: 'type_reserved' }),
      );
    },
  );

  it.each(['profiles', 'Belfry', 'websockets', 'Connections', 'token'])(
    'may be published with the type %s',
    (type) => {
      expect(() => refuseReservedType(anEvent({ type }))).not.toThrow();
    },
  );

  it.each(['connections', 'presence', 'tokens', 'interest'])(
    'may stand in the log with the type %s',
    (type) => {
      expect(() => refuseUnloggedType(anEvent({ type }))).not.toThrow();
    },
  );

  it.each(['belfry', 'websocket'])('may not stand in the log with the type %s', (type) => {
    expect(() => refuseUnloggedType(anEvent({ type }))).toThrow(
      expect.objectContaining({ code: 'type_reserved' }),
    );
  });

  it('stands in the log in canonical order, without its id', () => {
    const event = anEvent({
      id: '2-0',
      previous: '1-0',
      principal: 'user:ada',
      metadata: { a: 1 },
      original: [],
    });
    expect(canonicalJson(event)).toBe(
      '{"time":"2025-01-15T10:30:00Z","type":"profiles","action":"save","key":"global","principal":"user:ada",' +
        '"object":null,"original":[],"metadata":{"a":1}}',
    );
  });

  it('stands in the log without the fields that it does not have', () => {
    fc.assert(
      fc.property(
        fc.record({ principal: fc.string(), original: fc.jsonValue() }, { requiredKeys: [] }),
        (fields) => {
          const { id: _id, size: _size, ...event } = anEvent(fields as object);
          expect(JSON.parse(canonicalJson(event))).toEqual(JSON.parse(JSON.stringify(event)));
        },
      ),
    );
  });
});

import { CloudEvent, HTTP } from 'cloudevents';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cloudEventsOf } from '../../src/dialects/cloudevents-encoding.ts';
import { canonicalJson, type HubEvent, type NewEvent } from '../../src/model/event.ts';
import { qualifiedTopic } from '../../src/model/format.ts';
import { parseJson, readJson, type Json } from '../../src/model/json.ts';
import { anyEvent } from '../broker/any-event.ts';
import { parseEvent } from '../support/formats.ts';

const SOURCE = 'https://hub.example/';
const { encode } = cloudEventsOf(SOURCE);
const LOG_ID = '1737000000000-0';

const CE = { specversion: '1.0', id: 'A234', source: '/ci/42', type: 'com.example.deploy.step' };

const read = (event: object): NewEvent => parseEvent(readJson(JSON.stringify(event)));

/** An event as the hub carries it after it was published. */
function heard(event: NewEvent, id: string | null = LOG_ID): HubEvent {
  return { time: '2025-01-15T10:30:00Z', ...event, size: 1, ...(id !== null && { id }) };
}

function out(event: NewEvent, id: string | null = LOG_ID): Record<string, Json> {
  return parseJson(encode(heard(event, id))) as Record<string, Json>;
}

describe('the type of a CloudEvent', () => {
  it.each([
    ['deploy.step', 'deploy', 'step'],
    ['com.example.deploy.step', 'deploy', 'step'],
    ['com.github.pull_request.opened', 'pull_request', 'opened'],
    ['com.example.object.deleted.v2', 'object', 'deleted'],
    ['google.cloud.storage.object.v1.finalized', 'object', 'finalized'],
    ['dev.cdevents.pipelinerun.started.0.1.1', 'pipelinerun', 'started'],
    ['com.example.order.v1beta2.created', 'order', 'created'],
    ['Microsoft.Storage.BlobCreated', 'Storage', 'BlobCreated'],
    ['ping', 'ping', 'event'],
    ['ping.v2', 'ping', 'event'],
    ['..a..b..', 'a', 'b'],
    ['1.0', '1.0', 'event'],
    ['.', '.', 'event'],
  ])('%s becomes the type %s and the action %s', (name, type, action) => {
    expect(qualifiedTopic(name, 'event')).toEqual({ type, action });
    expect(read({ ...CE, type: name })).toMatchObject({ type, action, key: '' });
  });

  it('is overruled by the attributes belfrytype, belfryaction and belfrykey', () => {
    const own = { belfrytype: 'a.b', belfryaction: 'c.d', belfrykey: '' };
    expect(read({ ...CE, subject: 's', ...own })).toMatchObject({ type: 'a.b', action: 'c.d', key: '' });
  });

  it.each(['com.example.connections.create', 'belfry', 'tokens.revoke.v1'])(
    'is refused where it is one of the hub, like %s',
    (type) => {
      expect(() => read({ ...CE, type })).toThrow(expect.objectContaining({ code: 'type_reserved' }));
      expect(read({ ...CE, type, belfrytype: 'own' })).toMatchObject({ type: 'own' });
    },
  );
});

describe('a published CloudEvent', () => {
  it('becomes an event whose metadata has its attributes', () => {
    const event = {
      ...CE,
      subject: 'web',
      time: '2018-04-05T17:31:00.000001Z',
      datacontenttype: 'application/json',
      dataschema: 'https://example.com/schema',
      partitionkey: 'p1',
      sampled: true,
      sequence: 7,
      comexampleothervalue: null,
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'rojo=00f067aa0ba902b7',
      data: { appinfoA: 'abc', appinfoB: 123, appinfoC: true },
    };
    expect(JSON.parse(canonicalJson(read(event)))).toEqual({
      time: '2018-04-05T17:31:00.000001Z',
      type: 'deploy',
      action: 'step',
      key: 'web',
      object: { appinfoA: 'abc', appinfoB: 123, appinfoC: true },
      metadata: {
        traceparent: event.traceparent,
        tracestate: event.tracestate,
        cloudevent: {
          id: 'A234',
          source: '/ci/42',
          type: 'com.example.deploy.step',
          datacontenttype: 'application/json',
          dataschema: 'https://example.com/schema',
          partitionkey: 'p1',
          sampled: true,
          sequence: 7,
        },
      },
    });
  });

  it('is a CloudEvent whatever other fields it has', () => {
    const event = {
      ...CE,
      action: 'x',
      key: 'y',
      object: 'z',
      data: { name: 'n' },
      appid: 'a',
      payload: 'p',
    };
    expect(read(event)).toMatchObject({
      type: 'deploy',
      action: 'step',
      key: '',
      metadata: { cloudevent: { object: 'z' } },
    });
  });

  it('has the object null where it has no data', () => {
    expect(read(CE).object).toBeNull();
    expect(read({ ...CE, data: null }).object).toBeNull();
  });

  it('may be of any data, to the digit as written', () => {
    const written = `{"specversion":"1.0","id":"1","source":"/","type":"a.b","data":{"n":1.0e+2,"big":12345678901234567890}}`;
    expect(canonicalJson(parseEvent(readJson(written)))).toContain('{"n":1.0e+2,"big":12345678901234567890}');
  });

  it.each([
    ['specversion', { ...CE, specversion: undefined }, 'or specversion, id, source, type (cloudevents)'],
    ['id', { ...CE, id: undefined }, 'id is missing'],
    ['id', { ...CE, id: '' }, 'id is empty'],
    ['source', { ...CE, source: undefined }, 'source is missing'],
    ['source', { ...CE, source: 'a b' }, 'source is not a URI'],
    ['type', { ...CE, type: null }, 'type is missing'],
    ['type', { ...CE, type: 1 }, 'type is not a string'],
    ['specversion', { ...CE, specversion: '0.3' }, 'specversion is not 1.0'],
    ['subject', { ...CE, subject: '' }, 'subject is empty'],
    ['time', { ...CE, time: 'now' }, 'time is not a time in the format of RFC 3339'],
    ['datacontenttype', { ...CE, datacontenttype: 'json' }, 'datacontenttype is not a media type'],
    ['dataschema', { ...CE, dataschema: '' }, 'dataschema is empty'],
    ['data_base64', { ...CE, data_base64: 'YQ=' }, 'data_base64 is not in base64'],
    ['data', { ...CE, data: 1, data_base64: 'YQ==' }, 'it has both data and data_base64'],
    ['my_ext', { ...CE, my_ext: 'x' }, 'my_ext is not a name of lower-case letters and digits'],
    ['ratio', { ...CE, ratio: 0.5 }, 'ratio is not a string, a boolean or a whole number of 32 bits'],
    ['tags', { ...CE, tags: ['a'] }, 'tags is not a string, a boolean or a whole number of 32 bits'],
    ['belfrymetadata', { ...CE, belfrymetadata: '[]' }, 'belfrymetadata is not the JSON of an object'],
    ['belfryoriginal', { ...CE, belfryoriginal: '{' }, 'belfryoriginal is not JSON'],
  ])('is refused with the name of the attribute %s in %j', (_name, event, why) => {
    expect(() => read(event)).toThrow(
      expect.objectContaining({ code: 'event_invalid', message: expect.stringContaining(why) as string }),
    );
  });
});

describe('a CloudEvent of the hub', () => {
  it('is the CloudEvent that came in, with the position in the log', () => {
    for (const event of [
      {
        ...CE,
        subject: 'web',
        time: '2018-04-05T17:31:00Z',
        data: { a: 1 },
        traceparent: 'x',
        tracestate: 'y',
      },
      {
        ...CE,
        time: '2018-04-05T17:31:00Z',
        datacontenttype: 'text/xml',
        data: '<much wow="xml"/>',
        ext: 1,
        on: true,
      },
      { ...CE, time: '2018-04-05T17:31:00Z', datacontenttype: 'image/png', data_base64: 'iVBORw0KGgo=' },
      {
        ...CE,
        time: '2018-04-05T17:31:00Z',
        subject: 's',
        belfrykey: 'k',
        belfrytype: 't',
        belfryaction: 'a',
      },
    ])
      expect(out(read(event))).toEqual({ ...event, belfryid: LOG_ID });
  });

  it('has the source of the hub and the id of the log where the event came in otherwise', () => {
    const event = {
      type: 'deploy',
      action: 'step',
      key: 'web',
      principal: 'user:ann',
      object: { step: 'build' },
    };
    expect(out(event)).toEqual({
      specversion: '1.0',
      id: LOG_ID,
      source: SOURCE,
      type: 'deploy.step',
      subject: 'web',
      datacontenttype: 'application/json',
      time: '2025-01-15T10:30:00Z',
      belfryid: LOG_ID,
      belfryprincipal: 'user:ann',
      data: { step: 'build' },
    });
  });

  it('has an id that is the same each time where the event is not in the log', () => {
    const event = { time: '2025-01-15T10:30:00Z', type: 'a', action: 'b', key: '', object: 1 };
    const { id } = out(event, null);
    expect(encode({ ...event, size: 0 })).toBe(encode({ ...event, size: 1 }));
    expect(parseJson(encode({ ...event, size: 0 }))).toMatchObject({
      id: expect.stringMatching(/^live-[\da-f]{40}$/) as string,
    });
    expect(parseJson(encode({ ...event, size: 0, object: 2 }))).not.toMatchObject({ id });
  });

  it('takes no attributes from metadata that no CloudEvent has brought in this form', () => {
    const valid = { id: '1', source: '/', type: 'a.b' };
    for (const cloudevent of [
      1,
      [],
      {},
      { ...valid, id: '' },
      { ...valid, Ext: 'x' },
      { ...valid, list: [] },
      { ...valid, time: 'now' },
    ]) {
      const event = { type: 'a', action: 'b', key: '', object: null, metadata: { cloudevent } };
      expect(out(event)).toMatchObject({ source: SOURCE, belfrymetadata: JSON.stringify({ cloudevent }) });
    }
  });

  it('is read by the SDK of CloudEvents as it was written by it', () => {
    const written = new CloudEvent({
      ...CE,
      subject: 'web',
      time: '2018-04-05T17:31:00Z',
      data: { a: [1] },
      ext: 'x',
    });
    const { headers, body } = HTTP.structured(written);
    const sent = encode(heard(parseEvent(readJson(String(body)))));
    const again = HTTP.toEvent({ headers, body: sent }) as CloudEvent;
    expect(again.toJSON()).toEqual({
      ...written.toJSON(),
      time: expect.any(String) as string,
      belfryid: LOG_ID,
    });
    expect(new Date(again.time ?? '').getTime()).toBe(Date.parse('2018-04-05T17:31:00Z'));
  });

  it('is one event for the hub that reads it, whatever the event', () => {
    fc.assert(
      fc.property(anyEvent().filter(hasNoAttributes), fc.boolean(), (event, isLogged) => {
        const text = encode(heard(event, isLogged ? LOG_ID : null));
        const { metadata = {}, ...again } = JSON.parse(canonicalJson(parseEvent(readJson(text)))) as NewEvent;
        const { cloudevent, ...others } = metadata as Record<string, unknown>;
        const { metadata: given = {}, ...said } = JSON.parse(canonicalJson(event)) as NewEvent;
        expect({ ...again, metadata: others }).toEqual({ ...said, metadata: given });
        expect(cloudevent).toMatchObject({ source: SOURCE });
        // The second hub sends the same CloudEvent on.
        expect(
          cloudEventsOf('/other').encode(heard(parseEvent(readJson(text)), isLogged ? LOG_ID : null)),
        ).toBe(text);
      }),
    );
  });
});

function hasNoAttributes({ type, metadata }: NewEvent): boolean {
  return (
    !['connections', 'presence', 'tokens'].includes(type) && !Object.hasOwn(metadata ?? {}, 'cloudevent')
  );
}

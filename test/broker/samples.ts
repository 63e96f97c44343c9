/** One event in every format that the Redis function accepts. */
export const FORMATS: readonly [name: string, event: string][] = [
  ['native', '{"type":"profiles","action":"save","key":"global"}'],
  ['drp', '{"Time":"2025-01-15T10:30:00Z","Type":"machines","Action":"update","Key":"m1","Object":{"a":[]}}'],
  [
    'provisioning',
    '{"event_type":"TaskStatusChanged","timestamp":"2025-09-26T10:00:00Z","data":{"task_id":"t"}}',
  ],
  ['norn', '{"type":"deploy.step","appId":"web","payload":{"step":"build","status":"running"}}'],
  ['norn without payload', '{"type":"app.restarted","appId":"","payload":null}'],
  ['dorgu', '{"type":"cluster.added","data":{"name":"eu-1"}}'],
  [
    'cloudevents',
    '{"specversion":"1.0","id":"A234","source":"/ci","type":"com.example.deploy.step","subject":"web","data":{"step":"build"}}',
  ],
];

const E = '"type":"a","action":"b","key":"c"';
const canonical = (rest: string): string => `{${E}${rest}}`;
const value = (json: string): string => canonical(`,"object":${json}`);
const nested = (levels: number): string => value(`${'['.repeat(levels)}${']'.repeat(levels)}`);

const GOOD_VALUES = ['1', '-0', '0.5', '-0.5', '1e5', '1E+05', '1.5e-7', '1e999', '1.0', '-0.0', '18446744073709551615', '123456789012345678901234567890', 'null', 'true', '{}', '[]', '[[],{}]', '""', '"\\u0000"', '"\\/"', '"\\ud83d\\ude00"', '"\x7f"', '"NaN 1. -.5"', '"\\\\"', '"\\"1."', '{"a.b":".5","":1}', '{"a":1,"a":2}', ' \t\r\n1']; // prettier-ignore
const BAD_VALUES = ['NaN', 'nan', '-NaN', 'Infinity', '-Infinity', 'inf', '0x10', '01', '-01', '00', '1.', '-1.', '1.e5', '.5', '-.5', '+1', '1e', '1e+', '-', '- 1', '--1', '1_0', '0b1', 'tRue', 'undefined', "'a'", '"a', '"\n"', '"\t"', '"\0"', '"\x01"', '"\\x"', '"\\u12"', '"\\U0041"', '"\\ud800"', '"\\udc00"', '"\\ud800\\u0041"', '"\\ud83dx"', '"\\udc00\\ud800"', '{"\\ud800":1}', '[1,]', '[1 2]', '[,]', '{"a":1,}', '{"a" 1}', '{a:1}', '{1:1}', '1 /**/', '', '\x0b1', '[\f]']; // prettier-ignore
const BAD_UTF8 = ['\x80', '\xbf', '\xc3', '\xc0\x80', '\xc1\xbf', '\xe0\x80\x80', '\xe0\x9f\xbf', '\xed\xa0\x80', '\xed\xbf\xbf', '\xe2\xc3\xa9\x82\xac', '\xf0\x80\x80\x80', '\xf4\x90\x80\x80', '\xf5\x80\x80\x80', '\xff', '\xf0\x9f\xa6', '\xc3\xa9\x80']; // prettier-ignore
const GOOD_UTF8 = ['é', '\u07ff', '\u0800', '漢', '\ud7ff', '\ue000', '\ufeff', '\uffff', '\u{10000}', '🦀', '\u{10ffff}']; // prettier-ignore

const TIMES = ['2025-01-15T10:30:00Z', '2025-01-15t10:30:00.123456789z', '2024-02-29T23:59:59+24:59', '2000-02-29T00:00:00-00:00', '2025-02-29T00:00:00Z', '1900-02-29T00:00:00Z', '2025-13-01T00:00:00Z', '2025-00-01T00:00:00Z', '2025-04-31T00:00:00Z', '2025-01-00T00:00:00Z', '2025-01-01T24:00:00Z', '2025-01-01T23:60:00Z', '2025-01-01T23:59:60Z', '2025-01-01T00:00:00', '2025-01-01T00:00:00.Z', '2025-01-01T00:00:00+25:00', '2025-01-01T00:00:00+01:60', '2025-01-01 00:00:00Z', '2025-1-1T00:00:00Z', '', '2025-01-15T10:30:00Z ', '0001-01-01T00:00:00Z']; // prettier-ignore

/** Texts around an event, or instead of one. */
const TEXTS = ['', ' ', '{', '{}', '[]', '[{}]', 'null', '1', '0.', '"x"', 'hello', `[{${E}}]`, `\ufeff{${E}}`, ` \t\r\n{${E}}\n`, `{${E}} x`, `{${E}}{}`, `{${E}}\0`, `{${E}}\0garbage`, `{${E}`, `{${E}]`, `{${E},}`]; // prettier-ignore

const CANONICAL = [
  '{"type":"a","action":"b"}',
  '{"type":"a"}',
  '{"type":"","action":"b","key":""}',
  '{"type":"a","action":"","key":""}',
  '{"type":1,"action":"b","key":""}',
  '{"type":null,"action":"b","key":""}',
  '{"type":"a","action":["b"],"key":""}',
  '{"type":"a","action":"b","key":null}',
  '{"type":"belfry","action":"gap","key":""}',
  '{"type":"websocket","action":"register","key":""}',
  '{"type":"belfry2","action":"b","key":""}',
];

const FIELDS = ['"id":"1-0"', '"id":1', '"time":1', '"time":null', '"principal":null', '"extra":1', '"Type":"a"', '"metadata":{}', '"metadata":{"a":1}', '"metadata":[]', '"metadata":[ ]', '"metadata":[1]', '"metadata":null', '"metadata":"[]"', '"original":null', '"original":[]', '"object":{"metadata":[]}']; // prettier-ignore

const DRP = [
  '{"Type":"a","Action":"b"}',
  '{"Type":"a","Action":"b","Key":"","Object":[],"Original":{},"Principal":"p","Extra":1}',
  '{"Type":"a"}',
  '{"Action":"b"}',
  '{"TYPE":"a","ACTION":"b"}',
  '{"Type":"a","ACTION":"b"}',
  '{"Type":"","Action":"b"}',
  '{"Type":"a","Action":1}',
  '{"Type":"a","Action":null}',
  '{"Type":"a","Action":"b","Key":null,"Time":null,"Principal":null}',
  '{"Type":"a","Action":"b","Key":1}',
  '{"Type":"a","Action":"b","Time":1}',
  '{"Type":"a","Action":"b","Principal":{}}',
  '{"Type":"websocket","Action":"register"}',
  '{"Type":"belfry","Action":"b"}',
  '{"type":"a","Action":"b"}',
  '{"Type":"a","type":"b","Action":"c"}',
  '{"Type":"a","Action":"b","Key":null,"KEY":null}',
  '{"Type":"a","Action":"b","\u212Aey":1}',
  '{"Type":"connections","Action":"b"}',
];

const PROVISIONING = [
  '{"event_type":"TaskStatusChanged","timestamp":"2025-09-26T10:00:00Z","data":{},"metadata":{}}',
  '{"event_type":"belfry","data":null}',
  '{"event_type":"websocket.opened","data":[],"metadata":{"a":[]}}',
  '{"event_type":"X"}',
  '{"event_type":"","data":1}',
  '{"event_type":1,"data":1}',
  '{"event_type":null,"data":1}',
  '{"event_type":"X","data":1,"timestamp":null}',
  '{"event_type":"X","data":1,"timestamp":1737000000}',
  '{"event_type":"X","data":1,"metadata":null}',
  '{"event_type":"X","data":1,"metadata":[]}',
  '{"event_type":"X","data":1,"type":"task"}',
  '{"event_type":"X","data":1,"source":"api"}',
];

const DOTTED = [
  '{"type":"deploy.step","appId":"a"}',
  '{"type":"cluster.added","appId":"a","data":{"name":"p"}}',
  '{"type":"cluster.added","appId":1,"data":{"name":"p"}}',
  '{"type":"deploy.step","appId":"a","payload":1,"data":{"name":1}}',
  '{"type":".step","appId":"a"}',
  '{"type":"deploy.","appId":"a"}',
  '{"type":"deploy","appId":"a"}',
  '{"type":"cluster.added","data":{"name":null}}',
  '{"type":"cluster.added","data":[{"name":"a"}]}',
  '{"type":"presence.online","appId":"user:a"}',
];

const CE = '"specversion":"1.0","id":"1","source":"/a","type":"com.example.deploy.step"';
const cloudEvent = (rest: string): string => `{${CE},${rest}}`;
const CLOUD_EVENTS = [
  `{${CE}}`,
  '{"specversion":"1.0","id":"1","source":"/a"}',
  '{"specversion":"1.0","id":"1","type":"a.b"}',
  '{"specversion":"1.0","source":"/a","type":"a.b"}',
  '{"id":"1","source":"/a","type":"a.b"}',
  '{"specversion":"1.0","id":"1","source":"/a","type":"a.b","appId":"x","payload":1}',
  '{"specversion":"0.3","id":"1","source":"/a","type":"a.b"}',
  '{"specversion":1.0,"id":"1","source":"/a","type":"a.b"}',
  '{"specversion":null,"id":"1","source":"/a","type":"a.b"}',
  '{"specversion":"1.0","id":1,"source":"/a","type":"a.b"}',
  '{"specversion":"1.0","id":"","source":"/a","type":"a.b"}',
  '{"specversion":"1.0","id":"1","source":"","type":"a.b"}',
  ...['urn:a:b', 'https://a.example/b?c=d#e', 'a b', '<a>', 'a\\b', 'é', '/%20', 'a\u007f'].map(
    (source) => `{"specversion":"1.0","id":"1","source":"${source}","type":"a.b"}`,
  ),
  ...['a', 'a.b', 'a.b.c', '.', '..a', 'a.', '1', 'v1', 'v1.2.3', 'a.v1', 'a.b.v2', 'a.v1beta2.b', 'a.b.1.0.2', 'belfry', 'x.belfry.b', 'x.connections.v1.b', 'connections', 'tokens.event.v1', 'presence.3', 'é.ü'].map(
    (type) => `{"specversion":"1.0","id":"1","source":"/a","type":"${type}"}`,
  ), // prettier-ignore
  ...[
    '"action":"b"',
    '"action":"b","key":"c"',
    '"object":{}',
    '"object":1',
    '"payload":"x"',
    '"events":[1]',
  ].map(cloudEvent),
  ...['"time":"2025-01-15T10:30:00Z"', '"time":"yesterday"', '"time":null', '"time":1'].map(cloudEvent),
  ...['"subject":"x"', '"subject":""', '"subject":null', '"subject":1'].map(cloudEvent),
  ...['application/json', 'text/plain;charset=utf-8', 'text/plain ; a=b', 'text', 'text/', '/json', 'a/b/c', 'a /b', 'a/b c', ''].map(
    (type) => cloudEvent(`"datacontenttype":"${type}"`),
  ), // prettier-ignore
  ...['"dataschema":"https://a/b"', '"dataschema":""', '"dataschema":"a b"', '"dataschema":1'].map(
    cloudEvent,
  ),
  ...['"data":null', '"data":1', '"data":[]', '"data":{"name":"a"}', '"data":1,"data_base64":"YQ=="'].map(
    cloudEvent,
  ),
  ...[
    '"YQ=="',
    '"YWI="',
    '"YWJj"',
    '""',
    '"YQ="',
    '"YQ"',
    '"Y==="',
    '"Y=Q="',
    '"Y-_="',
    '1',
    'null',
    '[]',
  ].map((bytes) => cloudEvent(`"data_base64":${bytes}`)),
  ...['"x"', '""', 'true', 'false', 'null', '0', '-0', '2147483647', '2147483648', '-2147483648', '-2147483649', '1.5', '1.0', '1e3', '1e400', '{}', '[]', '[1]', '{"a":1}'].map(
    (json) => cloudEvent(`"partition1":${json}`),
  ), // prettier-ignore
  ...['Partition', 'my_ext', 'my-ext', 'é', '', '9', 'comexampleextensionwithalongname'].map((name) =>
    cloudEvent(`"${name}":"x"`),
  ),
  ...['"belfrytype":"x"', '"belfrytype":""', '"belfrytype":"belfry"', '"belfryaction":"y"', '"belfryaction":1', '"belfrykey":""', '"belfrykey":1', '"belfryid":"1-0"', '"belfryprincipal":"p"', '"belfryprincipal":1'].map(
    cloudEvent,
  ), // prettier-ignore
  ...['{}', '[]', '1', 'null', '{"a":1}', '1,2', '1],[2', '', ' ', 'x', '\ufeff{}', '{"__proto__":1}', '{"a":"\\ud800"}'].flatMap(
    (json) =>
      ['belfryoriginal', 'belfrymetadata'].map((name) =>
        cloudEvent(`"${name}":"${json.replaceAll(/(?<!\\)"/g, '\\"')}"`),
      ),
  ), // prettier-ignore
  ...[61, 62, 63, 64].map((levels) =>
    cloudEvent(`"belfryoriginal":"${'['.repeat(levels)}${']'.repeat(levels)}"`),
  ),
];

const PROTO = ['{"__proto__":1}', '[{"__proto__":{}}]', '{"\\u005f_proto__":1}', '{"__proto\\u005F_":1}', '"__proto__"', '{"a":"__proto__"}', '{"__PROTO__":1}', '{"constructor":1}', '{"a":[[{"b":{"__proto__":null}}]]}']; // prettier-ignore

const timed = (time: string): string[] => [
  canonical(`,"time":"${time}"`),
  `{"Type":"a","Action":"b","Time":"${time}"}`,
  `{"event_type":"a","timestamp":"${time}","data":1}`,
];
const named = (text: string): string => canonical(`,"principal":"${text}"`);

/** Texts that a publisher may or may not send in the known formats; the hub and the function must agree on each. */
export const SAMPLES: readonly Buffer[] = [
  [TEXTS, CANONICAL, DRP, PROVISIONING, DOTTED, CLOUD_EVENTS, PROTO].flat(),
  FIELDS.map((field) => canonical(`,${field}`)),
  [GOOD_VALUES, BAD_VALUES, PROTO].flat().map(value),
  [62, 63, 64].map(nested),
  TIMES.flatMap(timed),
  GOOD_UTF8.map(named),
]
  .flat()
  .map((text) => Buffer.from(text))
  .concat(BAD_UTF8.map((bytes) => Buffer.from(named(bytes), 'latin1')));

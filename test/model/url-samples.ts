/** URLs in texts, for both implementations of masking. */

/** Texts with a password in a URL, and the masked texts. */
export const PASSWORDS: readonly (readonly [text: string, kept: string])[] = [
  ['postgres://user:pw@host/db', 'postgres://user:[redacted]@host/db'],
  ['redis://:pw@host', 'redis://:[redacted]@host'],
  ['a://u:p%40%2Fq@h', 'a://u:[redacted]@h'],
  ['a://u:p@q:r@h', 'a://u:[redacted]@h'],
  ['smb://SHOP\\ada:pw@nas/x', 'smb://SHOP\\ada:[redacted]@nas/x'],
  ['a://u:pé🦀\\@h', 'a://u:[redacted]@h'],
  ['connecting to amqp://a:b@c', 'connecting to amqp://a:[redacted]@c'],
  ['a://b:c@d, "e://f:g@h"\ni://j:k@l', 'a://b:[redacted]@d, "e://f:[redacted]@h"\ni://j:[redacted]@l'],
  ['a://b:c@d,a://e:f@g', 'a://b:[redacted]@d,a://e:[redacted]@g'],
  ['https://x.org/?next=http://a:b@c', 'https://x.org/?next=http://a:[redacted]@c'],
];

/** Texts with a user without a password, which is a token, and the masked texts. */
export const TOKENS: readonly (readonly [text: string, kept: string])[] = [
  ['https://ghp_1@github.com/a', 'https://[redacted]@github.com/a'],
  ['REPO=git+HTTPS://ghp_1@github.com', 'REPO=git+HTTPS://[redacted]@github.com'],
  ['http://sk_1:@h', 'http://[redacted]:@h'],
  ['https://ghp_1:x-oauth-basic@h', 'https://[redacted]:x-oauth-basic@h'],
  ['https://oauth2:glpat@h', 'https://oauth2:[redacted]@h'],
];

/** Texts that masking leaves unchanged. */
export const NO_SECRETS: readonly string[] = [
  'ada@example.org',
  'scp user@host:path',
  'http://host/a@b',
  'http://host?a:b@c',
  'http://host#a:b@c',
  'http://host:80 a:b@c',
  'http://host:80\ta:b@c',
  'http://host:80\u0001a:b@c',
  '"http://host:80"a:b@c',
  "'http://host:80'a:b@c",
  '`http://host:80`a:b@c',
  '<http://host:80>a:b@c',
  'https://example.org/?next=http://x@y',
  'https://example.org/?a=b&next=https://x@y',
  'ssh://git@github.com/a',
  'postgres://user@host',
  'postgres://user:@host',
  'https://@host',
  'https://:@host',
  '://',
  '@://',
];

/** Strings as JSON may write them, and the masked strings. */
export const WRITTEN: readonly (readonly [written: string, kept: string])[] = [
  [String.raw`"a:\/\/b:c@d\/e\n"`, String.raw`"a:\/\/b:[redacted]@d\/e\n"`],
  [String.raw`"a://b:c\u0026\u00e9@d"`, '"a://b:[redacted]@d"'],
  [String.raw`"\u0061\u003a\u002F/b\u003ac\u0040d\u0022\u005c"`, String.raw`"a://b:[redacted]@d\"\\"`],
  [String.raw`"\u007e\u00e9\u007f a://b:c@d"`, String.raw`"~\u00e9\u007f a://b:[redacted]@d"`],
  [String.raw`"\\u0061 a://b:c@d"`, String.raw`"\\u0061 a://b:[redacted]@d"`],
  ...[
    String.raw`"\u0061://b:c\u000a@d"`,
    String.raw`"a://b\u0020:c@d"`,
    String.raw`"a://b\n:c@d"`,
    String.raw`"a:\\/\\/b:c@d\u0041"`,
    '"a://b:[redacted]@c"',
    '"https://[redacted]@c"',
  ].map((same) => [same, same] as const),
];

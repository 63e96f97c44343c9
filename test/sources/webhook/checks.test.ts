import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { rawConnection } from '../../support/raw-http.ts';
import { startHooks } from './hooks.ts';

/** https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation */
const GITHUB = {
  secret: "It's a Secret to Everybody",
  body: 'Hello, World!',
  signature: 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
};
/** Made by `stripe.webhooks.generateTestHeaderString` of the package stripe 18.5.0. */
const STRIPE = {
  secret: 'whsec_test_secret',
  body: '{"id":"evt_test_webhook","object":"event","type":"customer.subscription.created","data":{"object":{"id":"sub_1"}}}',
  time: '2017-04-21T11:36:17Z',
  signature: 't=1492774577,v1=55a16324916a256814d667e0182e2ccc7b517213e7a163caff6ad9b9dfd1ab41',
};
const WHSEC = `whsec_${Buffer.from('a secret of thirty-two characters').toString('base64')}`;
const OTHER_WHSEC = `whsec_${Buffer.from('another secret of many characters').toString('base64')}`;
const PUSH = '{"ref":"refs/heads/ü","repository":{"full_name":"octo/Hello-World"},"n":12345678901234567890}';

const github = (body: string, secret = GITHUB.secret, id = '72d3162e-cc78'): Record<string, string> => ({
  'X-Hub-Signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  'X-GitHub-Delivery': id,
  'X-GitHub-Event': 'push',
});
const standard = (body: string, at: Date, secret = WHSEC, id = 'msg_1'): Record<string, string> => ({
  'webhook-id': id,
  'webhook-timestamp': `${Math.floor(at.getTime() / 1_000)}`,
  'webhook-signature': new Webhook(secret).sign(id, at, body),
});

describe('a hook with the check github', () => {
  const hooks = { github: { check: 'github', secrets: `old secret of the hook\n${GITHUB.secret}` } } as const;

  it('accepts the signature of the example of GitHub, whose body is then no JSON', async () => {
    const { post } = await startHooks(hooks);
    const headers = { 'X-Hub-Signature-256': GITHUB.signature, 'X-GitHub-Delivery': '1' };
    expect(await post('/hooks/github', GITHUB.body, headers)).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('Not usable as JSON') as string },
    });
    expect((await post('/hooks/github', `${GITHUB.body} `, headers)).status).toBe(401);
  });

  it('publishes what was posted with every digit and letter, and answers with its id', async () => {
    const { post, heard, node } = await startHooks(hooks);
    const { status, body } = await post('/hooks/github', PUSH, github(PUSH));
    expect(status).toBe(202);
    expect(await heard()).toMatchObject([
      {
        id: body.id,
        type: 'github',
        action: 'push',
        key: 'octo/Hello-World',
        metadata: { source: { name: 'webhook-test', hook: 'github', at: '72d3162e-cc78' } },
      },
    ]);
    const answer = await fetch(`${node.url}/api/v3/events?pattern=github.*.*&since=0-0`, {
      headers: { Authorization: `Bearer ${await node.token()}` },
    });
    expect(await answer.text()).toContain(`"object":${PUSH}`);
  });

  it.each([
    ['no signature', { 'X-Hub-Signature-256': '' }, 401],
    ['a signature by another secret', github(PUSH, 'another secret of nobody'), 401],
    ['a signature that is cut off', { 'X-Hub-Signature-256': GITHUB.signature.slice(0, -1) }, 401],
    ['a signature that is too long', { 'X-Hub-Signature-256': `${GITHUB.signature}0` }, 401],
    [
      'the signature of SHA-1',
      { 'X-Hub-Signature-256': 'sha1=7d38cdd689735b008b3c702edd92eea23791c5f6' },
      401,
    ],
    ['no id of the delivery', { 'X-GitHub-Delivery': '' }, 400],
  ])('refuses %s, and publishes nothing', async (_what, wrong, wanted) => {
    const { post, heard } = await startHooks(hooks);
    expect((await post('/hooks/github', PUSH, { ...github(PUSH), ...wrong })).status).toBe(wanted);
    expect(await heard()).toEqual([]);
  });

  it('refuses a header that is given twice, with whichever of them is right', async () => {
    const { url, heard } = await startHooks(hooks);
    const { 'X-Hub-Signature-256': right = '' } = github(PUSH);
    for (const pair of [
      [right, 'sha256=00'],
      ['sha256=00', right],
    ]) {
      const connection = await rawConnection(url);
      const head = [
        'POST /hooks/github HTTP/1.1',
        'Host: localhost',
        'Content-Type: application/json',
        'X-GitHub-Delivery: 1',
        ...pair.map((value) => `X-Hub-Signature-256: ${value}`),
        `Content-Length: ${Buffer.byteLength(PUSH)}`,
      ];
      const answer = await connection.ask(head, Buffer.from(PUSH).toString('latin1'));
      expect([answer.status, answer.body]).toEqual([400, expect.stringContaining('is given 2 times')]);
    }
    expect(await heard()).toEqual([]);
  });
});

describe('a hook with the check stripe', () => {
  const hooks = { stripe: { check: 'stripe', secrets: STRIPE.secret } } as const;

  it('accepts what the library of Stripe has signed, and names the event without its dots', async () => {
    const { post, heard } = await startHooks(hooks, { now: STRIPE.time });
    expect((await post('/hooks/stripe', STRIPE.body, { 'Stripe-Signature': STRIPE.signature })).status).toBe(
      202,
    );
    expect(await heard()).toMatchObject([
      {
        type: 'stripe',
        action: 'customer_subscription_created',
        key: 'sub_1',
        object: { type: 'customer.subscription.created' },
        metadata: { source: { at: 'evt_test_webhook' } },
      },
    ]);
  });

  it.each([
    ['five minutes later', '2017-04-21T11:41:18Z', STRIPE.signature],
    ['five minutes before', '2017-04-21T11:31:16Z', STRIPE.signature],
    ['with another time', STRIPE.time, STRIPE.signature.replace('577', '578')],
    ['with two times', STRIPE.time, `t=1,${STRIPE.signature}`],
    ['without a time', STRIPE.time, STRIPE.signature.replace(/^t=\d+,/, '')],
    ['with a signature of the scheme v0 alone', STRIPE.time, STRIPE.signature.replace('v1=', 'v0=')],
    ['with a signature that is cut off', STRIPE.time, STRIPE.signature.slice(0, -2)],
  ])('refuses it %s', async (_when, now, signature) => {
    const { post, heard } = await startHooks(hooks, { now });
    expect((await post('/hooks/stripe', STRIPE.body, { 'Stripe-Signature': signature })).status).toBe(401);
    expect(await heard()).toEqual([]);
  });

  it('accepts one right signature among others, as while a secret is replaced', async () => {
    const { post } = await startHooks(hooks, { now: STRIPE.time });
    const signature = STRIPE.signature.replace('v1=', `v1=${'0'.repeat(64)},v0=1,v1=`);
    expect((await post('/hooks/stripe', STRIPE.body, { 'Stripe-Signature': signature })).status).toBe(202);
  });
});

describe('a hook with the check standard', () => {
  const hooks = { orders: { check: 'standard', secrets: `${WHSEC}\n${OTHER_WHSEC}` } } as const;
  const body = '{"type":"invoice.paid","data":{"id":"in_1","text":"„ü“ 😀"}}';

  it.each([WHSEC, OTHER_WHSEC])('accepts what the library has signed with either secret', async (secret) => {
    const { post, heard } = await startHooks(hooks);
    expect((await post('/hooks/orders', body, standard(body, new Date(), secret))).status).toBe(202);
    expect(await heard()).toMatchObject([
      { type: 'orders', action: 'invoice_paid', key: 'in_1', object: { data: { text: '„ü“ 😀' } } },
    ]);
  });

  it('refuses an old time, another body, another id, and a signature of another scheme', async () => {
    const { post, heard } = await startHooks(hooks);
    const now = new Date();
    const right = standard(body, now);
    const wrong = [
      standard(body, new Date(now.getTime() - 301_000)),
      standard(body, new Date(now.getTime() + 310_000)),
      standard(`${body} `, now),
      { ...right, 'webhook-id': 'msg_2' },
      { ...right, 'webhook-timestamp': '1e9' },
      { ...right, 'webhook-signature': right['webhook-signature']?.replace('v1,', 'v1a,') ?? '' },
      { ...right, 'webhook-signature': right['webhook-signature']?.slice(0, -4) ?? '' },
    ];
    for (const headers of wrong) expect((await post('/hooks/orders', body, headers)).status).toBe(401);
    expect(await heard()).toEqual([]);
  });
});

describe('a hook with a shared secret', () => {
  it('accepts the token of GitLab, and takes the key that GitLab repeats as the id', async () => {
    const { post, heard } = await startHooks({ lab: { check: 'gitlab', secrets: 'a token of gitlab' } });
    const body = '{"object_kind":"push","project":{"path_with_namespace":"g/p"}}';
    const headers = { 'X-Gitlab-Token': 'a token of gitlab', 'Idempotency-Key': 'k1' };
    expect((await post('/hooks/lab', body, headers)).status).toBe(202);
    expect(await post('/hooks/lab', body, headers)).toMatchObject({ status: 200, body: { duplicate: true } });
    expect(
      (await post('/hooks/lab', body, { ...headers, 'X-Gitlab-Token': 'a token of gitlaB' })).status,
    ).toBe(401);
    expect(await heard()).toMatchObject([{ type: 'gitlab', action: 'push', key: 'g/p' }]);
  });

  it('accepts a secret in the header that is named, also as a bearer', async () => {
    const { post, heard } = await startHooks({
      camera: { check: 'token', header: 'Authorization', secrets: 'a secret of the camera' },
    });
    expect(
      (await post('/hooks/camera', '{"id":7}', { Authorization: 'Bearer a secret of the camera' })).status,
    ).toBe(202);
    expect(
      (await post('/hooks/camera', '{"id":8}', { Authorization: 'a secret of the camera' })).status,
    ).toBe(202);
    expect((await post('/hooks/camera', '{"id":9}', { Authorization: 'Bearer another secret' })).status).toBe(
      401,
    );
    expect((await heard()).map(({ type, action, key }) => [type, action, key])).toEqual([
      ['camera', 'received', '7'],
      ['camera', 'received', '8'],
    ]);
  });
});

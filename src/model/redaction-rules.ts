/** What is masked in events before somebody sees it. */
export interface RedactionRule {
  /** Names (`*_token`) at any depth, and paths from the event's root (`object.spec.sshKey`). */
  readonly fields: readonly string[];
  /** `type.action.key`; absent for all events. */
  readonly events?: string | undefined;
  /** Roles that see it all the same, beside admin. With none, nobody does, and it is nowhere kept. */
  readonly except?: readonly string[] | undefined;
  /**
   * Of names by which the hub guesses what is secret: those that are none though they are called so, and those under
   * which the path of a directory is none. Numbers within an object of such a name stay, as its form does.
   */
  readonly usual?: { readonly noSecrets: readonly string[]; readonly directories: readonly string[] };
}

/**
 * Names under which there is hardly ever anything but a secret. Not `tokens`, which are counted more often than told,
 * not `accessKeys`, which are public ones in DRP, and nothing that a bare `key` could match: keys are how events are
 * known. What kubectl applied last is a copy of the whole object, with the values of its variables.
 */
export const DEFAULT_REDACTION: readonly RedactionRule[] = [
  {
    fields: [
      '*password',
      '*passwords',
      '*passwordHash',
      '*passwordHashes',
      '*passwd',
      '*passphrase',
      '*secret',
      '*secrets',
      '*secretString',
      '*secretValue',
      '*token',
      '*jwt',
      '*authorization',
      '*credential',
      '*credentials',
      '*apiKey',
      '*accessKey',
      '*privateKey',
      '*privateKeyPem',
      '*clientKeyData',
      '*secretKey',
      '*encryptionKey',
      '*signingKey',
      '*apiKeys',
      '*secretAccessKeys',
      '*privateKeys',
      '*secretKeys',
      '*connectionString',
      '*connectionStrings',
      '*pwd',
      'cookie',
      'setCookie',
      '*sessionId',
      '*sessId',
      '*dockerConfigJson',
      '*lastAppliedConfiguration',
    ],
    usual: {
      noSecrets: [
        'checksum/*',
        'secretName',
        'imagePullSecrets',
        '*pageToken',
        'nextToken',
        'continuationToken',
        'continueToken',
        'syncToken',
        'nextSyncToken',
        'clientRequestToken',
      ],
      directories: ['pwd', 'oldPwd'],
    },
  },
];

const UNTRUSTED: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** Whether the certificate is the cause of the error. Another attempt would fail in the same way. */
export function isUntrusted(error: Error): boolean {
  return 'code' in error && UNTRUSTED.has(String(error.code));
}

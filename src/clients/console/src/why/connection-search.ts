/** The query of `GET /api/v3/connections` for what somebody typed: a part of a principal or address, or an id. */
export function connectionQuery(written: string, limit: number): URLSearchParams {
  const text = written.trim();
  const query = new URLSearchParams({
    limit: String(limit),
    sort: 'CreateTime',
    reverse: 'true',
    Type: 'Ne(api)',
  });
  if (/^[\da-f]{8}-[\da-f-]{27}$/i.test(text)) {
    query.set('Id', `Eq(${text})`);
    query.set('Principal', 'Ne()');
  } else if (/^[\d.:[\]]*[.:][\d.:[\]]*$/.test(text)) {
    query.set('RemoteAddr', `Re(${escaped(text)})`);
    query.set('Principal', 'Ne()');
  } else query.set('Principal', text === '' ? 'Ne()' : `Re((?i)${escaped(text)})`);
  return query;
}

function escaped(text: string): string {
  return text.slice(0, 80).replaceAll(/[\\^$.|?*+()[\]{}]/g, String.raw`\$&`);
}

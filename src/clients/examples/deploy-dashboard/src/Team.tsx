import { usePresence } from '@belfry/client/react';

function Member({ principal }: { readonly principal: string }) {
  const { online } = usePresence(principal);
  return (
    <li data-online={online}>
      {principal.replace('user:', '')} <small>{online === undefined ? '' : online ? 'online' : 'away'}</small>
    </li>
  );
}

export function Team({ members }: { readonly members: readonly string[] }) {
  return (
    <section className="team">
      <h2>Team</h2>
      <ul>
        {members.map((principal) => (
          <Member key={principal} principal={principal} />
        ))}
      </ul>
    </section>
  );
}

import { Connection } from './Connection.tsx';
import { Deploy } from './Deploy.tsx';
import { Log } from './Log.tsx';
import { Services } from './Services.tsx';
import { Steps } from './Steps.tsx';
import { Team } from './Team.tsx';

export function App() {
  return (
    <main>
      <header>
        <h1>Deploys</h1>
        <Connection />
      </header>
      <Deploy services={['web', 'api', 'mail']} />
      <Steps />
      <aside>
        <Services />
        <Team members={['user:admin', 'user:ada', 'user:bob']} />
      </aside>
      <Log />
    </main>
  );
}

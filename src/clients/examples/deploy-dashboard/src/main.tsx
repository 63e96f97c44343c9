import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { HubProvider } from '@belfry/client/react';
import { App } from './App.tsx';
import { hub } from './hub.ts';
import './style.css';

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <HubProvider hub={hub}>
      <App />
    </HubProvider>
  </StrictMode>,
);

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App.tsx';
import { reloadWhenRenewed } from './renewal.ts';
import { startShortcuts } from './shell/shortcuts.ts';
import { applyTheme } from './shell/theme.ts';
import './style.css';

applyTheme();
startShortcuts();
reloadWhenRenewed();
createRoot(document.querySelector('#root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

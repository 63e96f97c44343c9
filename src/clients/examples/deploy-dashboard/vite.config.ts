import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const source = (file: string): string => fileURLToPath(new URL(`../../sdk/${file}`, import.meta.url));

/** The page of the tutorial has the package instead of its source, and so no alias. */
export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: [
      { find: '@belfry/client/react', replacement: source('react.ts') },
      { find: '@belfry/client', replacement: source('index.ts') },
    ],
  },
});

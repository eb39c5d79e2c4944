// npm start [-- OPTIONS]: installs what is missing, builds, runs the gateway. OPTIONS go to the gateway.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt, ensureInstalled, root } from './ensure.mjs';

ensureInstalled();
ensureBuilt({ page: true });
await import(pathToFileURL(join(root, 'dist/src/main.js')).href);

// npm run build [-- --page]: dist/, and the page if asked for, unless they are up to date.
import { ensureBuilt, ensureInstalled } from './ensure.mjs';

ensureInstalled();
ensureBuilt({ page: process.argv.includes('--page') });

import { ask } from './gateway.mjs';

/* Prints what the gateway knows of us: documents with price and use, secrets, usage by day, webhook endpoints. */

console.log(JSON.stringify((await ask('Self')).viewer, null, 2));

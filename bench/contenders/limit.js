import { resolve } from 'node:path';
import { deliveriesOf } from '../operations.js';
import { nodeFlags, startProcess, urlFor } from './process.js';

/** The hand-written limit: what the operations cost without GraphQL, authentication and scope. */
export const limit = {
  label: 'hand-written limit',
  applicationName: 'bench-limit',

  async start({ url, entityId }) {
    const env = { DATABASE_URL: urlFor(url, 'bench-limit'), ENTITY_ID: entityId };
    const running = await startProcess(
      'limit',
      process.execPath,
      [...nodeFlags, resolve(import.meta.dirname, 'limit-server.js')],
      env,
    );
    return { ...running, headers: async () => ({}) };
  },

  path: (operation) => `/${operation}`,
  operations: {
    Q1: { variables: (given) => given },
    Q2: { variables: (given) => given },
    Q3: { variables: (given) => given },
    Q4: { variables: (given) => given },
    M1: { variables: (given) => ({ fulfillments: deliveriesOf(given) }) },
  },
};

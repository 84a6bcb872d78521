import { createHash } from 'node:crypto';
import { gateway } from './gateway.js';

/*
 * The same gateway for a client that runs registered documents only: each request has the id of its document in its path, and its
 * variables alone.
 */
const idOf = (name) => createHash('sha256').update(gateway.operations[name].query).digest('hex');
const manifest = Object.fromEntries(Object.entries(gateway.operations).map(([name, { query }]) => [idOf(name), query]));

export const registered = {
  ...gateway,
  label: 'this gateway, registered documents',
  start: (given) => gateway.start({ ...given, manifest }),
  path: (name) => `/graphql/${idOf(name)}`,
  withoutText: true,
};

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { FastifyPluginAsync } from 'fastify';
import { bundleOf, servePage } from '../pages/page';

/** Where people sign in to the board: an outside issuer, and the public client that the board is there. */
export interface BoardIssuer {
  issuer: string;
  clientId: string;
  scope: string;
  /** The audience of the access tokens, for issuers with resource indicators (RFC 8707). */
  resource?: string;
}

export interface BoardOptions {
  /** Credentials of a demo, which sign the page in. Whoever opens the page gets them. */
  demo?: { clientId: string; clientSecret: string };
  /** The issuer at which people sign in. Has precedence over `demo`. */
  issuer?: BoardIssuer;
  /** The output folder of the build step. */
  directory?: string;
}

/** The example frontend at /board, where somebody can sign in to it: in a demo, or at an issuer. Else there is none. */
export function board({ demo, issuer, directory = bundleOf('board') }: BoardOptions): FastifyPluginAsync {
  return async (app) => {
    if (!demo && !issuer) return;
    servePage(app, {
      name: 'board',
      directory,
      config: () => (issuer ? { issuer } : { demo }),
      // Radix adds one style element while a dialog is open, with the nonce.
      styles: (nonce) => `'self' ${nonce}`,
      connect: issuer && [new URL(issuer.issuer).origin],
    });
  };
}

/** The manifest of the board's documents, as the Code Generator wrote it; undefined if the board was not built. */
export function boardDocuments(directory = bundleOf('board')): string | undefined {
  const file = path.join(directory, 'manifest.json');
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

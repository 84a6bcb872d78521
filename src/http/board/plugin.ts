import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { FastifyPluginAsync } from 'fastify';
import type { SignIn } from '../auth/sign-in';
import { bundleOf, servePage } from '../pages/page';

export interface BoardOptions {
  /** Credentials of a demo, which sign the page in. Whoever opens the page gets them. */
  demo?: { clientId: string; clientSecret: string };
  /** How people sign in at an outside issuer. Has precedence over `demo`. */
  signIn?: SignIn;
  /** The output folder of the build step. */
  directory?: string;
}

/** The example frontend at /board, where somebody can sign in to it: in a demo, or at an issuer. Else there is none. */
export function board({ demo, signIn, directory = bundleOf('board') }: BoardOptions): FastifyPluginAsync {
  return async (app) => {
    if (!demo && !signIn) return;
    servePage(app, {
      name: 'board',
      directory,
      config: () => (signIn ? { issuer: signIn } : { demo }),
      // Radix adds one style element while a dialog is open, with the nonce.
      styles: (nonce) => `'self' ${nonce}`,
      connect: signIn && [new URL(signIn.issuer).origin],
    });
  };
}

/** The manifest of the board's documents, as the Code Generator wrote it; undefined if the board was not built. */
export function boardDocuments(): string | undefined {
  const file = path.join(bundleOf('board'), 'manifest.json');
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { freePort } from './own-process';

export type Kind = 'RS256' | 'PS256' | 'ES256' | 'ES384' | 'EdDSA';

export interface SigningKey {
  kid: string;
  alg: Kind;
  privateKey: KeyObject;
  publicKey: KeyObject;
}

const pairOf = (alg: Kind, bits: number) => {
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519');
  if (alg.startsWith('ES')) return generateKeyPairSync('ec', { namedCurve: alg === 'ES256' ? 'P-256' : 'P-384' });
  return generateKeyPairSync('rsa', { modulusLength: bits });
};

export const signingKey = (kid: string, alg: Kind = 'ES256', bits = 2048): SigningKey => ({
  ...{ kid, alg },
  ...pairOf(alg, bits),
});

/** As an issuer publishes it. */
export const jwkOf = ({ kid, alg, publicKey }: SigningKey): Record<string, unknown> => ({
  ...publicKey.export({ format: 'jwk' }),
  ...{ kid, alg, use: 'sig' },
});

const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

/** A token with this header and these claims, signed as the header says or with what `signed` makes of them. */
export function tokenOf(claims: object, header: object, signed: (content: string) => Buffer): string {
  const content = `${encoded(header)}.${encoded(claims)}`;
  return `${content}.${signed(content).toString('base64url')}`;
}

const withKey =
  ({ alg, privateKey }: SigningKey) =>
  (content: string): Buffer => {
    const hash = alg === 'EdDSA' ? null : `sha${alg.slice(2)}`;
    const pss = alg.startsWith('PS') && { padding: 6, saltLength: 32 };
    return sign(hash, Buffer.from(content), { key: privateKey, dsaEncoding: 'ieee-p1363', ...pss });
  };

export const withSecret =
  (secret: string) =>
  (content: string): Buffer =>
    createHmac('sha256', secret).update(content).digest();

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** An issuer of tokens on a port of its own, which publishes its keys; they can be changed while it runs. */
export class Issuer {
  readonly audience = 'https://gateway.example';
  keys: Record<string, unknown>[] = [];
  /** How often it was asked. */
  asked = 0;
  /** Answers in place of the keys. */
  answer: Answer | undefined;
  private server: Server;
  private port = 0;

  static async start(...keys: SigningKey[]): Promise<Issuer> {
    const issuer = new Issuer();
    issuer.keys = keys.map(jwkOf);
    await issuer.up();
    return issuer;
  }

  get issuer(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get jwksUrl(): string {
    return `${this.issuer}/keys`;
  }

  async up(): Promise<void> {
    this.server = createServer((request, response) => {
      this.asked++;
      if (this.answer) this.answer(request, response);
      else response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: this.keys }));
    });
    // It comes back where it was.
    this.port ||= await freePort();
    await new Promise<void>((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
  }

  async down(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** A token of this issuer for us, as it should be but for what is changed. */
  token(key: SigningKey, claims: object = {}, header: object = {}, signed = withKey(key)): string {
    const now = Math.floor(Date.now() / 1000);
    const standard = { iss: this.issuer, aud: this.audience, sub: 'erp@clients', iat: now, exp: now + 600 };
    return tokenOf({ ...standard, ...claims }, { alg: key.alg, typ: 'JWT', kid: key.kid, ...header }, signed);
  }
}

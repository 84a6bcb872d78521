import { scopes } from '../../domain/caller';

/** How a page signs people in at the outside issuer: by authorization code with PKCE, as a public client. */
export interface SignIn {
  /** The `iss` of the issuer. Its metadata lies below this address. */
  issuer: string;
  /** The client_id of the page at the issuer. It has no secret. */
  clientId: string;
  /** Words for the parameter `scope`, separated by spaces. */
  scope: string;
  /** The gateway, for the parameter `resource` (RFC 8707): the audience of the tokens. */
  resource: string;
}

/**
 * The page asks for every scope of ours. The groups of a person decide which of them count (group-rights.ts). `profile`
 * asks for the person's name.
 */
export const signInAt = (issuer: string, audience: string, clientId: string): SignIn => ({
  ...{ issuer, clientId, resource: audience },
  scope: `openid profile ${scopes.join(' ')}`,
});

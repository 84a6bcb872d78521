import { graphqlErrorCodes, requestErrorCodes, userErrorCodes } from '../../domain/errors';

// What the codes of a reply mean. The page bundles this file, and the list of codes with it, which imports nothing.

/** A code, in the words of docs/errors.md. */
export interface ExplainedCode {
  code: string;
  meaning: string;
  /** What to do about it. */
  advice: string;
}

type Meaning = { meaning: string; retryable?: boolean };

const meanings: Record<string, Meaning> = { ...userErrorCodes, ...requestErrorCodes, ...graphqlErrorCodes };

const advice: Record<string, string> = {
  OUTCOME_UNKNOWN: 'Send the same request with the same key. Without a key, look first whether the change is there.',
  UNAUTHENTICATED: 'Get a new token, once.',
};

/** What this code means and what to do about it; undefined for what is no code of ours. */
export function explained(code: string): ExplainedCode | undefined {
  if (!Object.hasOwn(meanings, code)) return undefined;
  const { meaning, retryable } = meanings[code];
  const retry = 'Wait for Retry-After, then send the same request with the same key.';
  const mend = 'Mend the request. Sending it again changes nothing.';
  return { code, meaning, advice: advice[code] ?? (retryable ? retry : mend) };
}

/** The codes in a reply, each once, in the order of their first appearance: of errors, userErrors, blockedBy and failures. */
export function codesIn(reply: unknown): ExplainedCode[] {
  const found = new Map<string, ExplainedCode>();
  const walk = (value: unknown) => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, inner] of Object.entries(value)) {
      const code = name === 'code' && typeof inner === 'string' ? explained(inner) : undefined;
      if (code) found.set(code.code, found.get(code.code) ?? code);
      else walk(inner);
    }
  };
  walk(reply);
  return [...found.values()];
}

/* Checks of the key that signs tokens: whoever guesses it can sign in as anybody. */

const leastCharacters = 32;
/** 32 random hex digits, the poorest alphabet in use, carry about 110 bits. */
const leastBits = 80;
const placeholders = /change.?me|placeholder|your.?(secret|key)|0123456789|abcdefghij/i;

/** The entropy of a text in bits, if each character is drawn independently with its frequency in the text. */
function bitsOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= count * Math.log2(count / text.length);
  return bits;
}

/** Whether a text is a shorter text repeated. */
const repeats = (text: string): boolean => (text + text).indexOf(text, 1) < text.length;

/**
 * Why a text cannot be a signing key, or undefined. The check cannot prove that a key is random, only that it is not.
 */
export function weaknessOf(key: string): string | undefined {
  if (key.length < leastCharacters) return `must have at least ${leastCharacters} characters`;
  if (bitsOf(key) < leastBits) return 'has too few different characters to be random';
  if (repeats(key)) return 'repeats a shorter text';
  if (placeholders.test(key)) return 'looks like the placeholder of an example';
  return undefined;
}

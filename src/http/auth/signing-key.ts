/* What a key has to be to sign tokens: whoever guesses it signs in as anybody. */

const leastCharacters = 32;
/** Random hex digits, the poorest alphabet in use, carry about 110 in 32 characters. */
const leastBits = 80;
const placeholders = /change.?me|placeholder|your.?(secret|key)|0123456789|abcdefghij/i;

/** How many bits a text carries where each character is drawn by itself, as often as it occurs. */
function bitsOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= count * Math.log2(count / text.length);
  return bits;
}

/** Whether a text is a shorter one over and over. */
const repeats = (text: string): boolean => (text + text).indexOf(text, 1) < text.length;

/** Why a text is no key; undefined where it may be one. It cannot be known that a key is random, only that it is not. */
export function weaknessOf(key: string): string | undefined {
  if (key.length < leastCharacters) return `must have at least ${leastCharacters} characters`;
  if (bitsOf(key) < leastBits) return 'has too few different characters to be random';
  if (repeats(key)) return 'repeats a shorter text';
  if (placeholders.test(key)) return 'looks like the placeholder of an example';
  return undefined;
}

import { randomBytes } from 'node:crypto';
import { weaknessOf } from '../../../src/http/auth/signing-key';

test.each([
  ['31 characters', randomBytes(15).toString('hex').padEnd(31, 'x'), 'must have at least 32 characters'],
  ['one letter', 'x'.repeat(64), 'has too few different characters to be random'],
  ['two letters', 'ab'.repeat(20), 'has too few different characters to be random'],
  ['a word over and over', 'fulfillment!'.repeat(3), 'repeats a shorter text'],
  ['sixteen characters twice', 'k3J9fQ2mX7pLw0Zs'.repeat(2), 'repeats a shorter text'],
  ['a placeholder', 'change-me-before-you-go-live-please', 'looks like the placeholder of an example'],
  ['the digits in order', '0123456789abcdef0123456789abcdeg', 'looks like the placeholder of an example'],
])('%s is no key', (_what, key, why) => expect(weaknessOf(key)).toBe(why));

test('what is random is a key, in hex and in base64', () => {
  for (let time = 0; time < 1_000; time++) {
    for (const encoding of ['hex', 'base64', 'base64url'] as const) {
      expect(weaknessOf(randomBytes(24).toString(encoding))).toBeUndefined();
    }
  }
});

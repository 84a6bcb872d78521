import { hashSecret, matchesSecret, newSecret, noSecret } from '../../src/service/client-secret';

test.each([
  [true, /^\$scrypt\$ln=14,r=8,p=1\$[\w-]{22}\$[\w-]{43}$/],
  [false, /^\$sha256\$[\w-]{22}\$[\w-]{43}$/],
])('a secret that was chosen (%s) is stored with a salt, and matches itself alone', async (chosen, form) => {
  const secret = newSecret();
  const [one, other] = [await hashSecret(secret, { chosen }), await hashSecret(secret, { chosen })];
  expect(one).toMatch(form);
  expect(other).not.toBe(one);
  expect(await matchesSecret(secret, one)).toBe(true);
  for (const wrong of [newSecret(), '', `${secret} `, secret.toLowerCase()]) {
    expect(await matchesSecret(wrong, one)).toBe(false);
  }
});

// As secrets were stored until November 2026: by scrypt, whoever made them.
test('a hash that is stored already goes on matching, whatever its parameters', async () => {
  const cheap = '$scrypt$ln=10,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$Fmz00uFmdeC5JBzLvuv4WwJcrnfGqTTlob_zumwTJIQ';
  expect(await matchesSecret('demo-secret', cheap)).toBe(true);
  expect(await matchesSecret('another', cheap)).toBe(false);
});

test('a secret of our making waits for no secret that was chosen', async () => {
  const random = newSecret();
  const [chosen, made] = [await hashSecret('chosen', { chosen: true }), await hashSecret(random, { chosen: false })];
  const order: string[] = [];
  const slow = Array.from({ length: 20 }, () => matchesSecret('wrong', chosen).then(() => order.push('chosen')));
  await matchesSecret(random, made).then(() => order.push('made'));
  expect(order).toEqual(['made']);
  await Promise.all(slow);
});

test('nobody has the secret that stands for none', async () => {
  for (const secret of ['', 'A', newSecret()]) expect(await matchesSecret(secret, noSecret)).toBe(false);
});

test.each(['', 'plain', '$scrypt$ln=14$x', '$sha256$a', '$md5$a$b'])(
  'what is stored as "%s" is no hash',
  async (bad) => {
    await expect(matchesSecret('x', bad)).rejects.toThrow('is not a hash');
  },
);

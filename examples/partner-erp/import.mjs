import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Again, send, untilAnswered } from './gateway.mjs';

/*
 * Sends a file of shipments, each once, however often this is run and wherever it is killed. It keeps nothing of its own: the
 * Idempotency-Key is made of the file, and the gateway knows how far the file was carried out.
 */

const [file, ...more] = process.argv.slice(2);
if (!file || more.length) {
  console.error('Usage: node import.mjs <shipments.csv>');
  process.exit(2);
}
const body = readFileSync(file);
const key = `partner-erp ${createHash('sha256').update(body).digest('hex')}`;
const headers = { 'content-type': 'text/csv', 'idempotency-key': key };

/** The lines of the reply, as they come. */
async function* linesOf(reply) {
  let text = '';
  for await (const piece of reply.body.pipeThrough(new TextDecoderStream())) {
    const lines = (text + piece).split('\n');
    text = lines.pop();
    for (const line of lines) yield JSON.parse(line);
  }
}

async function importOnce() {
  const reply = await send('/v1/fulfillments/import', { headers, body });
  if (!reply.ok) throw new Error((await reply.json()).reasons.map(({ message }) => message).join(' '));
  const refused = [];
  for await (const { line, errors, progress, error, totals } of linesOf(reply)) {
    if (errors) refused.push(...errors.map(({ code, message }) => `line ${line}: ${code}, ${message}`));
    if (progress) console.error(`${progress.lines} lines`);
    if (error?.retryable) throw new Again(error.message);
    if (error) throw new Error(error.message);
    if (totals) return { totals, refused };
  }
  throw new Again('the reply was cut');
}

const { totals, refused } = await untilAnswered(importOnce);
for (const each of refused) console.log(each);
const { created, refused: left, replayed } = totals;
console.log(`Created: ${created}. Refused: ${left}. Known from an earlier run: ${replayed} lines.`);
if (totals.refused) process.exitCode = 1;

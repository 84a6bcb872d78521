import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const key = Buffer.from(process.env.WEBHOOK_SECRET.replace('whsec_', ''), 'base64');
const seen = new Set(); // Keep this in your database, beside what the event changes there.

createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signatures = '' } = request.headers;
  const expected = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest();
  const isSigned = signatures.split(' ').some((each) => {
    const given = Buffer.from(each.replace('v1,', ''), 'base64');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
  if (!isSigned || Math.abs(Date.now() / 1000 - Number(at)) > 300) return response.writeHead(401).end();
  if (!seen.has(id)) console.log(JSON.parse(body).type, JSON.parse(body).data.event.subjectId);
  seen.add(id);
  response.writeHead(204).end();
}).listen(Number(process.env.PORT ?? 4100), '127.0.0.1', () => console.log('listening'));

import http from 'node:http';

/* The least that a server in Node does: it reads a body as JSON, and answers with JSON. */
const body = Buffer.from('{"data":{"__typename":"Query"}}');

http
  .createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const { query } = JSON.parse(Buffer.concat(parts));
    if (query !== '{ __typename }') throw new Error(`not known: ${query}`);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
  })
  .listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));

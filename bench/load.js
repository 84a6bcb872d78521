import http from 'node:http';

/*
 * The load generator: a process of its own, whose work is nobody's cost. Each connection is kept open and asks for one thing
 * after the other, drawn from the given bodies, until the time is up.
 */
process.on('message', async (job) => {
  try {
    process.send({ result: await run(job) });
  } catch (error) {
    process.send({ failure: String(error) });
  }
});

/** Replies are not read under load but for a sign of an error: `"errors":[{` and `"userErrors":[{` both hold this. */
const wrong = 'rrors":[{';

async function run({ origin, requests, headers, connections, seconds, seed }) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const { hostname, port } = new URL(origin);
  const ready = requests.map(({ path, body }) => ({ path, body: Buffer.from(body) }));
  const random = mulberry(seed);
  const latencies = [];
  const start = performance.now();
  const end = start + seconds * 1000;

  const ask = ({ path, body }) =>
    new Promise((done, failed) => {
      const options = {
        agent,
        hostname,
        port,
        path,
        method: 'POST',
        headers: { ...headers, 'content-length': body.length },
      };
      const request = http.request(options, (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('error', failed);
        response.on('end', () => {
          const text = parts.length === 1 ? parts[0] : Buffer.concat(parts);
          if (response.statusCode === 200 && !text.includes(wrong)) done();
          else failed(new Error(`${response.statusCode} ${text.toString().slice(0, 500)}`));
        });
      });
      request.on('error', failed);
      request.end(body);
    });

  try {
    await Promise.all(
      Array.from({ length: connections }, async () => {
        for (let now = performance.now(); now < end; ) {
          await ask(ready[Math.floor(random() * ready.length)]);
          const then = performance.now();
          latencies.push(then - now);
          now = then;
        }
      }),
    );
  } finally {
    agent.destroy();
  }
  const elapsed = (performance.now() - start) / 1000;
  const sorted = Float64Array.from(latencies).sort();
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return { requests: sorted.length, perSecond: sorted.length / elapsed, p50: at(0.5), p99: at(0.99) };
}

/** A small generator of random numbers that a seed repeats. */
function mulberry(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

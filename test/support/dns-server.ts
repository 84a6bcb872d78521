import { createSocket } from 'node:dgram';

/** A DNS server on this machine that answers every question for an IPv4 address with the addresses of its name. */
export interface DnsServer {
  /** As `dns.setServers` takes it. */
  address: string;
  /** The names that were asked for. */
  asked: string[];
  close(): Promise<void>;
}

/** `addressesOf` may answer otherwise each time; null: the question stays without an answer. */
export async function dnsServer(addressesOf: (name: string) => string[] | null): Promise<DnsServer> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (question, from) => {
    const labels: string[] = [];
    let at = 12;
    for (; question[at]; at += question[at] + 1)
      labels.push(question.toString('latin1', at + 1, at + 1 + question[at]));
    const type = question.readUInt16BE(at + 1);
    const name = labels.join('.');
    if (type === 1) asked.push(name);
    const addresses = addressesOf(name);
    if (!addresses) return;
    const found = type === 1 ? addresses : [];
    const header = Buffer.from(question.subarray(0, 12));
    header.writeUInt16BE(0x8180, 2);
    header.writeUInt16BE(found.length, 6);
    header.writeUInt16BE(0, 8);
    header.writeUInt16BE(0, 10);
    const answers = found.map((address) =>
      Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)]),
    );
    socket.send(Buffer.concat([header, question.subarray(12, at + 5), ...answers]), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

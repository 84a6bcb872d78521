import { type BackendMessage, DataRowMessage } from 'pg-protocol/dist/messages';
import { Parser } from 'pg-protocol/dist/parser';

/*
 * Values that leave the driver as the bytes that PostgreSQL sent. The driver would make a string of them, and the reply
 * would make bytes of it again. For a reply of 200 KB that was a third of the server's time.
 *
 * A statement asks for it by the name of its first column, so nothing else on the connection changes. If the driver has
 * another parser than this one, the values are strings, and whoever reads them takes both.
 */

/** The name of the first column of a statement whose values are to stay bytes. */
export const bytesColumn = 'bytes';

/** The messages of PostgreSQL's protocol that matter here. */
const rowDescription = 84;
const dataRow = 68;

interface Reader {
  setBuffer(offset: number, buffer: Buffer): void;
  int16(): number;
  int32(): number;
  bytes(length: number): Buffer;
}

/** What the driver's parser has. It reads all messages of one connection, in their order. */
interface Reading {
  reader: Reader;
  handlePacket(offset: number, code: number, length: number, bytes: Buffer): BackendMessage;
  /** Whether the rows that come now are to stay bytes. */
  asBytes?: boolean;
}

const parser = Parser.prototype as unknown as Reading;
const own = parser.handlePacket;

parser.handlePacket = function (this: Reading, offset, code, length, bytes) {
  if (code === dataRow && this.asBytes) return rowOf(this.reader, offset, length, bytes);
  const message = own.call(this, offset, code, length, bytes);
  if (code === rowDescription) {
    this.asBytes = (message as unknown as { fields: { name: string }[] }).fields[0]?.name === bytesColumn;
  }
  return message;
};

function rowOf(reader: Reader, offset: number, length: number, bytes: Buffer): BackendMessage {
  reader.setBuffer(offset, bytes);
  const fields: unknown[] = [];
  for (let left = reader.int16(); left > 0; left--) {
    const size = reader.int32();
    // A copy: the parser writes later messages into the same buffer.
    fields.push(size === -1 ? null : Buffer.from(reader.bytes(size)));
  }
  reader.setBuffer(0, Buffer.alloc(0));
  return new DataRowMessage(length, fields as string[]);
}

/** For the driver: values as they come. */
export const asTheyCome = { getTypeParser: () => (value: unknown) => value };

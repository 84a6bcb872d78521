import { RequestError } from '../../../domain/errors';
import type { ImportChunk } from '../../../service/import';

/* A file that is not the one which was imported under its Idempotency-Key. */

const bytesOfDigest = 8;

const mismatch = (message: string): RequestError =>
  new RequestError('IDEMPOTENCY_MISMATCH', `${message} Nothing of this file was carried out from there on.`);

/** The numbers of the lines that an outcome answers. */
const numbersIn = (outcome: string): number[] =>
  Array.from(outcome.matchAll(/^\{"line":(\d+)/gm), ([, number]) => Number(number));

/**
 * Why a chunk is not the one that was imported, by the first line that is another one; undefined if it is the same.
 * `known`: the digests of the imported lines, and what they were answered. Absent: the imported file had no such chunk.
 */
export function differenceOf(
  known: { digests: Buffer; outcome: string } | undefined,
  { digests, lines }: ImportChunk,
): RequestError | undefined {
  const length = known?.digests.length ?? 0;
  const numbers = known ? numbersIn(known.outcome) : [];
  for (const [index, { line }] of lines.entries()) {
    const at = index * bytesOfDigest;
    if (at >= length) {
      return mismatch(
        `The file that was imported with this Idempotency-Key ended before line ${line}. Send what is new as a file of its own, with another key.`,
      );
    }
    if (known!.digests.compare(digests, at, at + bytesOfDigest, at, at + bytesOfDigest) !== 0) {
      return mismatch(
        `Line ${line} is not the line that was imported with this Idempotency-Key. Send the file as it was, or another file with another key.`,
      );
    }
    // An empty line before would give each line the answer to another one.
    if (numbers[index] !== line) {
      return mismatch(
        `Line ${line} was line ${numbers[index]} of the file that was imported with this Idempotency-Key. Send the file as it was, or another file with another key.`,
      );
    }
  }
  return length > digests.length ? endsEarly(lines.at(-1)!.line) : undefined;
}

/** The file is shorter than the one that was imported. `line`: its last line. */
export const endsEarly = (line: number): RequestError =>
  mismatch(
    `The file ends with line ${line}, and the file that was imported with this Idempotency-Key goes on. Send the whole file.`,
  );

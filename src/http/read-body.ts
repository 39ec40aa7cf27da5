import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

/** What became of a body: its bytes, why it is not taken, or that its client went away before it had come. */
export type ReadBody = Buffer | 'too large' | 'unknown encoding' | 'unreadable' | 'gone';

const DECODERS: Readonly<Record<string, () => NodeJS.ReadWriteStream>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/**
 * Reads the body of a request, decompressed, up to `maxBytes`. A longer one is given up as soon as that is known: before it is read
 * where its length is announced, and before it is unpacked further where little becomes much.
 */
export function readBody(req: IncomingMessage, maxBytes: number): Promise<ReadBody> {
  const encoding = req.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (Number(req.headers['content-length']) > maxBytes) return Promise.resolve('too large');
  if (encoding === 'identity') return collect(req, req, maxBytes);
  const decoder = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined;
  if (!decoder) return Promise.resolve('unknown encoding');
  return collect(req, req.pipe(decoder()) as unknown as Readable, maxBytes);
}

function collect(req: IncomingMessage, stream: Readable, maxBytes: number): Promise<ReadBody> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const end = (result: ReadBody) => {
      // What still comes of the request is thrown away by node:http, when the answer has been sent.
      stream.off('data', take);
      if (stream !== req) {
        req.off('data', count);
        req.unpipe();
        stream.destroy();
        // Unpiping has paused it.
        req.resume();
      }
      resolve(result);
    };
    const take = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) end('too large');
      else chunks.push(chunk);
    };
    let packed = 0;
    // What unpacks to nothing would go on for ever.
    const count = (chunk: Buffer) => {
      packed += chunk.length;
      if (packed > maxBytes) end('too large');
    };
    if (stream !== req) req.on('data', count);
    stream.on('data', take);
    stream.once('end', () => end(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    stream.on('error', () => end(stream === req ? 'gone' : 'unreadable'));
    // One that has come whole is closed before its last bytes are unpacked.
    req.once('close', () => req.complete || end('gone'));
    req.once('error', () => end('gone'));
  });
}

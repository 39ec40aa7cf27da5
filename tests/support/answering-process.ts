// A process that answers over its channel, and leaves a file when an answer has been sent. Its argument is the file.

import { writeFileSync } from 'node:fs';
import { createMemoryStore } from '../../src/rate-limit/memory-store.ts';
import { serveStore } from '../../src/rate-limit/shared-store.ts';
import { createPeer } from '../../src/workers/peer.ts';

const [, , file = ''] = process.argv;
const sendAndTell = process.send?.bind(process) as (...args: unknown[]) => boolean;
process.send = (...args: unknown[]) => {
  const isSent = sendAndTell(...args);
  writeFileSync(file, '');
  return isSent;
};

let told = 0;
const parent = createPeer(process);
parent.on('double', (value: number) => 2 * value);
parent.on('news', () => void told++);
parent.on('how many news', () => told);
serveStore(createMemoryStore(), process as never);

// One client as a server meets it: an address of its own, one connection that is kept, and a jar for cookies.

import { Agent, type IncomingMessage, request } from 'node:http';

const TIMEOUT_MS = 20_000;

export type Reply = { status: number; headers: IncomingMessage['headers']; text: string };

export type HttpClient = ReturnType<typeof createHttpClient>;

/** `address`: what X-Forwarded-For says. */
export function createHttpClient({ address, token }: { address: string; token?: string }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const cookies = new Map<string, string>();
  return {
    /** Sends one operation. Rejects where the connection does not bring an answer, with the code of the system's error. */
    post(port: number, operation: object): Promise<Reply> {
      const body = JSON.stringify(operation);
      const headers: Record<string, string> = {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)),
        'x-forwarded-for': address,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(cookies.size === 0 ? {} : { cookie: Array.from(cookies, ([name, value]) => `${name}=${value}`).join('; ') }),
      };
      return new Promise((resolve, reject) => {
        const sent = request({ host: '127.0.0.1', port, path: '/graphql', method: 'POST', agent, headers }, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('close', () => clearTimeout(timer));
          response.on('end', () => {
            for (const line of response.headers['set-cookie'] ?? []) {
              const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
              cookies.set(name, value);
            }
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() });
          });
        });
        const timer = setTimeout(
          () => sent.destroy(Object.assign(new Error('late'), { code: `no answer within ${TIMEOUT_MS / 1000} s` })),
          TIMEOUT_MS,
        );
        sent.on('error', (error) => {
          clearTimeout(timer);
          reject(error);
        });
        sent.end(body);
      });
    },
    close: () => agent.destroy(),
  };
}

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Client } from './client.ts';

export const HEALTH_PATHS: readonly string[] = ['/health', '/health/live', '/health/ready'];
export const METRICS_PATH = '/metrics';
const PATHS = new Set([...HEALTH_PATHS, METRICS_PATH]);

/** Whether it is what operators ask all the time, told apart from the work of clients: the very paths, and nothing that is like them. */
export const isProbe = ({ method, path }: { method: string; path: string }): boolean =>
  PATHS.has(path) && (method === 'GET' || method === 'HEAD');

/** Tells who may see figures of the gateway: this machine, private networks, and whoever has the token, as `Authorization: Bearer …`. */
export function createIsOperator(token?: string): (client: Client | undefined, authorization: string | null) => boolean {
  const expected = token === undefined ? undefined : digest(`Bearer ${token}`);
  return (client, authorization) => {
    if (client?.isPrivate) return true;
    return expected !== undefined && authorization !== null && timingSafeEqual(digest(authorization), expected);
  };
}

/** Of the same length whatever is given, so that a comparison takes the same time. */
const digest = (text: string) => createHash('sha256').update(text).digest();

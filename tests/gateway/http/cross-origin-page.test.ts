// What the script of a page elsewhere reads of refusals, in a real browser. Skipped where the machine has no Chromium.

import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createDatabase } from '../../support/database.ts';
import { SECRET_KEY, startGateway } from '../../support/gateway.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) => existsSync(file));
const TIMEOUT_MS = 120_000;
const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-sync'];

describe.skipIf(!CHROMIUM)('a page of a listed origin', { timeout: TIMEOUT_MS }, () => {
  let browser: Browser;
  let origin: string;
  let database: Awaited<ReturnType<typeof createDatabase>>;
  const site = createServer((_req, res) => void res.setHeader('content-type', 'text/html').end('<!doctype html>'));

  beforeAll(async () => {
    database = await createDatabase();
    site.listen(0, '127.0.0.1');
    await once(site, 'listening');
    origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    site.closeAllConnections();
    site.close();
    await database.drop();
  });

  async function aGateway(settings: Record<string, string>) {
    const gateway = startGateway({ DATABASE_URL: database.url, SECRET_KEY, CORS_ORIGINS: origin, ...settings });
    onTestFinished(() => gateway.stop('SIGINT').then(() => undefined));
    return (await gateway.ready).url;
  }
  async function aPage(): Promise<Page> {
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    page.setDefaultTimeout(TIMEOUT_MS);
    await page.goto(origin);
    return page;
  }
  /** What the page's script reads of the answer to a JSON request with a token, which a browser asks about first. */
  const post = (page: Page, url: string, headers: Record<string, string> = {}) =>
    page.evaluate(
      async ([address, given]) => {
        const answer = await fetch(address as string, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: 'Bearer x', ...(given as Record<string, string>) },
          body: '{"query":"{ __typename }"}',
        });
        const { errors } = await answer.json();
        return { status: answer.status, code: errors?.[0].extensions.code, retryAfter: answer.headers.get('retry-after') };
      },
      [url, headers] as const,
    );

  test('reads the status and Retry-After of a refusal for rate', async () => {
    const url = await aGateway({ RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_PER_MINUTE: '0' });
    expect(await post(await aPage(), url)).toEqual({ status: 429, code: 'RATE_LIMITED', retryAfter: expect.stringMatching(/^\d+$/) });
  });

  test.each(['1', '2'])('reads that there is no place for another connection, of %s workers', async (workers) => {
    const url = await aGateway({ MAX_WORKERS: workers, WORKER_CONNECTIONS: '1' });
    const page = await aPage();
    for (let i = 0; i < Number(workers); i++) {
      const held = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => undefined);
      onTestFinished(() => void held.destroy());
      await once(held, 'connect');
    }
    await expect.poll(() => post(page, url), { timeout: 10_000 }).toEqual({ status: 503, code: 'OVERLOADED', retryAfter: '1' });
  });

  test('reads what else a request is refused for', async () => {
    const url = await aGateway({});
    const page = await aPage();
    expect(await post(page, new URL('/elsewhere', url).href)).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    expect(await post(page, url, { accept: 'text/xml' })).toMatchObject({ status: 406, code: 'NOT_ACCEPTABLE' });
    expect(await post(page, url, { 'content-type': 'text/xml' })).toMatchObject({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' });
  });
});

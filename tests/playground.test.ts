// The playground as a person meets it, in a real browser. Skipped where the machine has no Chromium.

import { existsSync } from 'node:fs';
import { getOperationAST, parse } from 'graphql';
import { type Browser, chromium, type Page, type Response } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { examples } from '../src/modules/examples.ts';
import { createDatabase, SEEDED_SCALE } from './support/database.ts';
import { SECRET_KEY, startGateway } from './support/gateway.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) => existsSync(file));
const TIMEOUT_MS = 120_000;
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const tabs = examples
  .map(({ query }) => getOperationAST(parse(query)))
  .map((operation) => ({ name: operation?.name?.value ?? '', kind: operation?.operation }));

describe.skipIf(!CHROMIUM)('the playground', { timeout: TIMEOUT_MS }, () => {
  let browser: Browser;
  let url: string;
  const ends: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    const database = await createDatabase({ seedScale: SEEDED_SCALE });
    ends.push(database.drop);
    const gateway = startGateway({ DATABASE_URL: database.url, SECRET_KEY, PLAYGROUND: 'true', SEED_SCALE: '0.01' });
    ends.unshift(() => gateway.stop('SIGINT'));
    ({ url } = await gateway.ready);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
    ends.unshift(() => browser.close());
  }, 60_000);
  afterAll(async () => {
    for (const end of ends) await end();
  });

  /** One that waits as long as a test may take: GraphiQL is large. */
  async function openPage(): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1500, height: 900 } });
    page.setDefaultTimeout(TIMEOUT_MS);
    return page;
  }
  async function aPage() {
    const page = await openPage();
    const urls: string[] = [];
    const faults: string[] = [];
    let bytes = 0;
    page.on('request', (request) => void urls.push(request.url()));
    page.on('pageerror', (error) => void faults.push(error.message));
    page.on('requestfinished', async (request) => {
      bytes += (await request.sizes().catch(() => ({ responseBodySize: 0 }))).responseBodySize;
    });
    await page.goto(url);
    await ready(page);
    return { page, urls, faults, bytes: () => bytes };
  }

  const ready = async (page: Page) => {
    await page
      .locator('.graphiql-tab')
      .nth(tabs.length - 1)
      .waitFor({ state: 'attached' });
    await page.locator('.graphiql-query-editor .view-line').first().waitFor();
    await page.locator('.graphiql-container .graphiql-spinner').waitFor({ state: 'detached' });
  };
  const choose = async (page: Page, name: string) => {
    await page.locator(`.graphiql-tab-button[title="${name}"]`).click();
    await page.locator(`.graphiql-tab-active [title="${name}"]`).waitFor();
    await page.locator('.graphiql-query-editor', { hasText: name }).waitFor();
    // GraphiQL reads the name of the operation a while after the text is there; a person is slower.
    await page.waitForTimeout(700);
  };
  /** Presses the button, and gives what the gateway answered. */
  const execute = async (page: Page) => {
    const isAnswer = (response: Response) =>
      /json|event-stream/.test(response.headers()['content-type'] ?? '') &&
      // GraphiQL asks for the schema by itself, and may still wait for it.
      !response.request().postData()?.includes('__schema');
    const answer = page.waitForResponse(isAnswer);
    await page.locator('.graphiql-execute-button[aria-label^="Execute"]').click();
    return await answer;
  };

  test('loads nothing from another host, keeps nothing in the browser and weighs less than 3 MB', async () => {
    const { page, urls, faults, bytes } = await aPage();
    const hosts = new Set(urls.filter((address) => !/^(blob|data):/.test(address)).map((address) => new URL(address).origin));
    expect([...hosts]).toEqual([new URL(url).origin]);
    expect(faults).toEqual([]);
    expect(await page.evaluate('localStorage.length + sessionStorage.length')).toBe(0);
    console.log(`The playground takes ${(bytes() / 1e6).toFixed(2)} MB over the wire.`);
    expect(bytes()).toBeLessThan(3e6);
    await page.close();
  });

  test('has a tab for each example, and each runs as it is', async () => {
    const { page } = await aPage();
    expect(await page.locator('.graphiql-tab').allInnerTexts()).toEqual(tabs.map(({ name }) => name));
    for (const { name } of tabs.filter(({ kind }) => kind !== 'subscription')) {
      await choose(page, name);
      const response = await execute(page);
      expect(response.request().postData(), name).toContain(` ${name}`);
      const { data, errors } = await response.json();
      expect({ name, errors }).toEqual({ name, errors: undefined });
      for (const value of Object.values(data)) expect(value, name).not.toBeNull();
    }
    await page.close();
  });

  test('a reload brings the example that was open first, with a token', async () => {
    const { page } = await aPage();
    await choose(page, 'Me');
    await page.locator('.graphiql-query-editor').click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type(' ');
    await page.keyboard.press('Backspace');
    await page.waitForURL(/query=/);
    await page.reload();
    await ready(page);
    expect((await page.locator('.graphiql-tab').allInnerTexts())[0]).toBe('Me');
    expect((await (await execute(page)).json()).data.viewer.username).toBe('user');
    await page.close();
  });

  test('a query in the address is shown and cannot break out of the page', async () => {
    const page = await openPage();
    await page.goto(`${url}?query=${encodeURIComponent('# </script><script>window.broken = true</script>\n{ __typename }')}`);
    await ready(page);
    expect(await page.evaluate('window.broken')).toBeUndefined();
    expect((await (await execute(page)).json()).data).toEqual({ __typename: 'Query' });
    await page.close();
  });

  const write = async (page: Page, text: string) => {
    await page.locator('.graphiql-query-editor .view-lines').click();
    await page.keyboard.press('Control+A');
    await page.keyboard.press('Delete');
    // Not typed: the editor would close braces.
    await page.keyboard.insertText(text);
    await page.waitForTimeout(700);
  };

  test('a new tab has a token, and keeps it when the page is loaded again', async () => {
    const { page } = await aPage();
    await page.locator('.graphiql-tab-add').click();
    await write(page, '{ viewer { username } }');
    expect((await (await execute(page)).json()).data).toEqual({ viewer: { username: 'user' } });
    await page.waitForURL(/query=/);
    await page.reload();
    await ready(page);
    expect((await (await execute(page)).json()).data).toEqual({ viewer: { username: 'user' } });
    await page.close();
  });

  test('a mutation that a link brings has no token: somebody else may have written it', async () => {
    const page = await openPage();
    await page.goto(`${url}?query=${encodeURIComponent('mutation { saveSpa(input: { name: "Linked" }) { spa { id } } }')}`);
    await ready(page);
    expect((await (await execute(page)).json()).errors[0].extensions.code).toBe('UNAUTHENTICATED');
    await page.close();
  });

  test('what is wrong with a document, its variables or the network is shown without a stack', async () => {
    const { page, faults } = await aPage();
    const shown = async (text: string) => {
      await page.locator('.graphiql-response', { hasText: text }).waitFor();
      expect(await page.locator('.graphiql-response').textContent()).not.toMatch(/stack|playground-\w+\.js/);
    };
    await page.locator('.graphiql-tab-add').click();
    await write(page, 'nonsense');
    const refused = await execute(page);
    expect((await refused.json()).errors[0].extensions.code).toBe('GRAPHQL_PARSE_FAILED');
    await shown('Syntax Error');
    await write(page, '{ nothing }');
    await execute(page);
    await shown('GRAPHQL_VALIDATION_FAILED');
    await page.context().setOffline(true);
    await page.locator('.graphiql-execute-button').click();
    await shown('The gateway cannot be reached');
    expect(faults).toEqual([]);
    await page.close();
  });

  test('the address of the gateway leads a browser to the playground', async () => {
    const page = await openPage();
    const { origin } = new URL(url);
    for (const [path, expected] of [
      ['/', '/graphql'],
      ['/graphql/?query=%7B__typename%7D', '/graphql?query=%7B__typename%7D'],
    ]) {
      const response = await page.goto(`${origin}${path}`);
      expect([page.url(), response?.status(), await response?.headerValue('content-type')]).toEqual([
        `${origin}${expected}`,
        200,
        'text/html; charset=utf-8',
      ]);
    }
    const led = await fetch(`${origin}/`, { headers: { accept: 'text/html' }, redirect: 'manual' });
    expect([led.status, led.headers.get('location'), led.headers.get('cache-control')]).toEqual([307, '/graphql', 'no-store']);
    await page.close();
  });

  test('the subscription shows what another client issues', async () => {
    const { page } = await aPage();
    await choose(page, 'CertificateIssued');
    const stream = await execute(page);
    expect(stream.headers()['content-type']).toContain('text/event-stream');
    const issue = examples[tabs.findIndex(({ name }) => name === 'IssueCertificate')];
    const post = async (body: object, token?: string) =>
      await (
        await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
          body: JSON.stringify(body),
        })
      ).json();
    const { data } = await post({ query: 'mutation { signIn(input: { usernameOrEmail: "user", password: "convoy-demo" }) { token } }' });
    const { errors } = await post({ query: issue?.query, variables: issue?.variables }, data.signIn.token);
    expect(errors).toBeUndefined();
    await page.locator('.graphiql-response', { hasText: 'Asha Rao' }).waitFor();
    await page.close();
  });
});

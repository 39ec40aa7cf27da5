// GraphiQL's page, taken apart: 9 MB that never change go to files which a browser keeps, and a small page carries what does.

import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import { createFetcher } from './playground-fetcher.ts';

const CALL = 'YogaGraphiQL.renderYogaGraphiQL(';

/** Where there are more tabs than fit, a pressed one jumps away from the pointer before it is released, and is not chosen. */
const STILL_TABS = '.graphiql-tab { transform: none !important }';

export type PlaygroundFile = { path: string; contentType: string; gzipped: Uint8Array<ArrayBuffer> };

/** Takes GraphiQL apart. `path`: the folder of its files. Throws when the package's page is not built as this expects. */
export async function createPlaygroundPage(title: string, path: string) {
  const whole = renderGraphiQL({ title });
  const css = whole.slice(after(whole, whole.indexOf('<style>'), '<style>'), whole.indexOf('</style>'));
  const script = whole.indexOf('<script>');
  const js = whole.slice(after(whole, script, '<script>'), after(whole, whole.lastIndexOf(CALL), ''));
  const files = await Promise.all([file(path, 'playground.css', 'text/css', css), file(path, 'playground.js', 'text/javascript', js)]);
  const [style, app] = files.map((one) => one.path);
  return {
    files,
    /** The page with GraphiQL's props. `endpoint`: the path of GraphQL. `nonce`: what its policy lets scripts in the page run by. */
    render: (props: object, endpoint: string, nonce: string) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>${title}</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="${style}">
    <style>${STILL_TABS}</style>
  </head>
  <body class="no-focus-outline">
    <noscript>The playground needs JavaScript.</noscript>
    <div id="root"></div>
    <script src="${app}"></script>
    <script nonce="${nonce}">${CALL}document.querySelector('#root'), {
      ...${inScript(props)},
      fetcher: (${createFetcher})(${inScript(endpoint)}),
    })</script>
  </body>
</html>
`,
  };
}

function after(text: string, index: number, mark: string): number {
  if (index < 0 || !text.startsWith(mark, index)) throw new Error('The page of @graphql-yoga/render-graphiql is not built as expected.');
  return index + mark.length;
}

/** The name carries a hash, so that a browser may keep the file for ever. */
async function file(path: string, name: string, type: string, content: string): Promise<PlaygroundFile> {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  return {
    path: `${path}/${name.replace('.', `-${hash}.`)}`,
    contentType: `${type}; charset=utf-8`,
    gzipped: new Uint8Array(await promisify(gzip)(content)),
  };
}

/** JSON that cannot end the script around it: a query may come from the address, and so from anybody. */
const inScript = (value: object | string) => JSON.stringify(value).replaceAll('<', String.raw`\u003c`);

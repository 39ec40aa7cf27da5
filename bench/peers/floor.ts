// Below which nothing goes: bare node:http, one prepared statement for each request, and its text written out as it comes. It knows
// no GraphQL: each operation is written by hand, and a field more is a change of the code.

import { createServer, type IncomingMessage } from 'node:http';
import { Prisma } from '../../src/generated/prisma/client.ts';
import { durationBetween } from '../../src/modules/certificate/dates.ts';
import { inWords } from '../../src/modules/certificate/money.ts';
import { announce } from './announce.ts';
import { directory, gallery, me, publicCertificates, type Statement, spaPage, type Variables, verify } from './floor-statements.ts';
import { createPool } from './pool.ts';
import { readToken, type Token } from './token.ts';

const pool = createPool();

const statements: Record<string, (variables: Variables) => Statement> = {
  TemplateGallery: gallery,
  PublicCertificates: publicCertificates,
  SpaPage: spaPage,
  SpaDirectory: directory,
};

async function answer(operation: string, variables: Variables, token: Token | null): Promise<string> {
  if (operation === 'VerifyCertificate') return JSON.stringify({ data: { certificate: await verified(variables) } });
  if (operation === 'Me') return `{"data":${token ? await viewer(token) : '{"viewer":null}'}}`;
  const statement = statements[operation]?.(variables);
  if (!statement) throw new Error(`There is no ${operation}.`);
  const { rows } = await pool.query<{ data: string }>(statement);
  return `{"data":${rows[0]?.data}}`;
}

async function viewer({ userId, issuedAt }: Token): Promise<string> {
  const { rows } = await pool.query<{ data: string }>({ ...me({}), values: [userId, issuedAt] });
  return rows[0]?.data ?? '{"viewer":null}';
}

type Verified = { extra: Record<string, string> } & Record<string, unknown>;

async function verified(variables: Variables): Promise<object | null> {
  const { rows } = await pool.query<{ certificate: Verified }>(verify(variables));
  const [row] = rows;
  if (!row) return null;
  const { extra, ...certificate } = row.certificate;
  const words = (amount: string | undefined) => inWords(new Prisma.Decimal(amount ?? 0));
  if (certificate.category === 'MANAGER_SALARY') return { ...certificate, ...extra, monthlySalaryInWords: words(extra.monthlySalary) };
  if (certificate.category === 'INVOICE_SPA_BILL') return { ...certificate, ...extra, amountInWords: words(extra.subtotal) };
  if (certificate.category !== 'EXPERIENCE_LETTER') return { ...certificate, ...extra };
  return { ...certificate, ...extra, duration: durationBetween(new Date(extra.joiningDate ?? ''), new Date(extra.endDate ?? '')) };
}

function bodyOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => resolve(body));
    request.on('error', reject);
  });
}

const server = createServer(async (request, response) => {
  try {
    const { operation, variables } = JSON.parse(await bodyOf(request));
    const text = await answer(operation, variables, readToken(request.headers.authorization));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    response.end(text);
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});
server.listen(0, '127.0.0.1', () => announce(server.address()));

// A server that knows one answer: what node:http costs, and nothing else.

import { createServer } from 'node:http';
import { announce } from './announce.ts';

const answer = Buffer.from(process.env.ANSWER ?? '');
const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': answer.length };

const server = createServer((request, response) => {
  request.resume();
  response.writeHead(200, headers).end(answer);
});
server.listen(0, '127.0.0.1', () => announce(server.address()));

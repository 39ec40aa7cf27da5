import { getOperationAST } from 'graphql';
import { isAsyncIterable, type Plugin, type YogaInitialContext } from 'graphql-yoga';
import { ClientError, MethodNotAllowed, refusalOf } from '../errors.ts';
import { acceptedBy, bodyFormOf } from '../http/media-type.ts';
import { checkParams, paramsIn } from '../http/operation-request.ts';

const JSON_UTF8 = 'application/json; charset=utf-8';

const notAcceptable = () =>
  new ClientError(
    'NOT_ACCEPTABLE',
    'The Accept header names no supported media type. Accept application/graphql-response+json or application/json.',
  );

/** A media type that nothing is written as. */
const NOTHING = 'nothing/nothing';

/**
 * Reads requests as the fast lane reads them, in place of Yoga's own readers: one reading of media types, charsets and parameters for both
 * ways. What cannot be read or answered is refused with a code of the catalogue.
 */
export function useHttpRequest(): Plugin {
  return {
    onRequestParse({ request, setRequestParser }) {
      const { method, headers } = request;
      if (method !== 'GET' && method !== 'POST') throw new MethodNotAllowed();
      const { forYoga } = acceptedBy(headers.get('accept') ?? undefined);
      // Yoga reads this header when it chooses how to write the result.
      headers.set('accept', forYoga || NOTHING);
      if (forYoga === '') throw notAcceptable();
      if (method === 'GET') {
        setRequestParser((asked) => paramsIn(searchOf(asked.url), 'form') as never);
        return;
      }
      const form = bodyFormOf(headers.get('content-type') ?? undefined);
      setRequestParser(async (sent) => {
        const params = paramsIn(await sent.text(), form);
        if (Array.isArray(params) && params.length === 0) throw new ClientError('BAD_REQUEST', 'The array holds no operation.');
        return params as never;
      });
    },
    onParams({ params }) {
      checkParams(params);
    },
    onParse:
      ({ context }) =>
      ({ result }) => {
        const { request, params } = context as Partial<YogaInitialContext>;
        if (request?.method !== 'GET' || !result || result instanceof Error) return;
        // Where it is not clear which operation is meant, Yoga says so.
        if (getOperationAST(result, params?.operationName)?.operation === 'mutation')
          throw new MethodNotAllowed('Mutations are sent by POST.', 'POST');
      },
    onResultProcess({ result, resultProcessor, setResult, setResultProcessor }) {
      // Yoga has found no way to write what the client accepts.
      if (resultProcessor) return;
      const refusal = notAcceptable();
      // No client reads it, nor what it says at its end.
      if (isAsyncIterable(result)) void (async () => await result[Symbol.asyncIterator]().return?.())().catch(() => undefined);
      // For the plugins behind, which log it.
      setResult({ errors: [refusal] });
      const { status, body } = refusalOf(refusal);
      setResultProcessor((_, { Response }) => Response.json(body, { status, headers: { 'content-type': JSON_UTF8 } }), 'application/json');
    },
  };
}

/** What stands behind the question mark. */
function searchOf(url: string): string {
  const start = url.indexOf('?');
  return start < 0 ? '' : url.slice(start + 1).replace(/#.*$/, '');
}

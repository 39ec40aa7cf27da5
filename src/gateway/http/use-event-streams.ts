import type { ExecutionResult } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import { ClientError } from '../../errors.ts';
import type { Context } from '../../graphql/context.ts';
import type { LaneContext } from '../../http/fast-lane.ts';
import { type Accepted, acceptedBy } from '../../http/media-type.ts';
import type { Log } from '../../log.ts';
import { requestIdOf } from '../../plugins/use-request-id.ts';
import { COMPLETED_ID, createEventStream, EVENT_STREAM_HEADERS, eventsOf, markOpenStream } from './event-stream.ts';
import { type Endable, onRequestEnd } from './request-end.ts';

type StreamContext = LaneContext &
  Endable & {
    /** By the Accept header as it came. */
    wish?: Accepted['events'];
  };

/**
 * Answers subscriptions with event streams, and whatever else is asked for as one. Everything that GraphQL has to say is an event on a
 * stream that was accepted: EventSource hides the status and body of any other answer from its page. It is the first plugin, so that a
 * subscription that no stream can answer is refused before it takes anything, and the source of one that begins is returned when its
 * request ends, whatever has become of its answer.
 */
export function useEventStreams({ log }: { log: Log }): Plugin<Context, LaneContext> {
  return {
    onRequest({ request, serverContext, fetchAPI, endResponse }) {
      // An EventSource whose stream is complete asks again, and stops at this status alone.
      if (request.method !== 'GET' || request.headers.get('last-event-id') !== COMPLETED_ID) return;
      if (wishOf(serverContext as StreamContext, request).isPreferred) endResponse(new fetchAPI.Response(null, { status: 204 }));
    },
    onRequestParse({ request, serverContext }) {
      const context = serverContext as StreamContext;
      const { isPreferred } = wishOf(context, request);
      return {
        onRequestParseDone({ requestParserResult }) {
          if (!Array.isArray(requestParserResult)) return;
          context.isBatch = true;
          if (isPreferred)
            throw new ClientError('BAD_REQUEST', 'An array of operations is answered with JSON: send "Accept: application/json".');
        },
      };
    },
    onSubscribe({ args, subscribeFn, setSubscribeFn, setResultAndStopExecution }) {
      const context = args.contextValue as StreamContext & { request: Request };
      const refusal = refusalOf(context);
      if (refusal) return setResultAndStopExecution({ errors: [refusal] });
      setSubscribeFn(async (given) => {
        const result = await subscribeFn(given);
        return isAsyncIterable(result) ? boundTo(context, result as AsyncIterable<ExecutionResult>) : result;
      });
    },
    onResultProcess({ request, result, setResultProcessor, serverContext }) {
      const wish = wishOf(serverContext as StreamContext, request);
      const isSubscription = (serverContext as LaneContext).call?.record.operations[0]?.kind === 'subscription';
      const isWanted = isAsyncIterable(result) ? wish.isAccepted : wish.isPreferred || (isSubscription && wish.isNamed);
      if (!isWanted) return;
      setResultProcessor((processed, { Response }) => {
        const [body, headers] = isAsyncIterable(processed)
          ? [open(processed as AsyncIterable<ExecutionResult>, request, serverContext as StreamContext)]
          : [eventsOf(processed as ExecutionResult), headersOf(processed as ExecutionResult)];
        return new Response(body, { status: 200, headers: { ...EVENT_STREAM_HEADERS, ...headers } });
      }, 'text/event-stream');
    },
  };

  function open(results: AsyncIterable<ExecutionResult>, request: Request, context: StreamContext): ReadableStream<Uint8Array> {
    const { body, stop } = createEventStream(results, (error) =>
      log.error({ err: error, requestId: requestIdOf(request) }, 'an event stream broke off'),
    );
    const { res, call } = context;
    if (call) call.record.isStream = true;
    if (res) markOpenStream(res);
    onRequestEnd({ res, request }, stop);
    return body;
  }
}

/** Read once, before a plugin rewrites the header. */
const wishOf = (context: StreamContext, request: Request): Accepted['events'] =>
  (context.wish ??= acceptedBy(request.headers.get('accept') ?? undefined).events);

function refusalOf(context: StreamContext & { request: Request }): ClientError | undefined {
  const { request, call, isBatch } = context;
  const how = 'send it by itself, with GET or POST and "Accept: text/event-stream"';
  if (isBatch) return required(`A subscription cannot be one of several operations in an array: ${how}.`);
  if ((call?.record.method ?? request.method) === 'HEAD') return required(`A subscription has no answer without a body: ${how}.`);
  if (wishOf(context, request).isAccepted) return undefined;
  return required(`A subscription is answered with server-sent events: ${how}.`);
}

const required = (message: string) => new ClientError('EVENT_STREAM_REQUIRED', message);

const headersOf = ({ extensions }: ExecutionResult): Record<string, string> | undefined =>
  (extensions?.http as { headers?: Record<string, string> } | undefined)?.headers;

/** Results whose source is returned, once, when the request ends, and before if they are ended. */
function boundTo(context: Endable, results: AsyncIterable<ExecutionResult>): AsyncIterableIterator<ExecutionResult> {
  const iterator = results[Symbol.asyncIterator]();
  let ending: Promise<unknown> | undefined;
  const end = () => {
    ending ??= (async () => iterator.return?.())();
    return ending;
  };
  // What a source says at its end reaches no client.
  onRequestEnd(context, () => void end().catch(() => undefined));
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => iterator.next(),
    async return() {
      await end();
      return { done: true, value: undefined };
    },
  };
}

/** What GraphiQL asks for: one operation. */
type Asked = { query: string; operationName?: string | null; variables?: unknown };
type Options = { headers?: Record<string, string> };
type Result = { data?: unknown; errors?: readonly { message: string }[] };

/**
 * Makes what sends GraphiQL's operations to `endpoint`. It runs in the browser: its text is written into the page, so it must not use
 * anything from outside. Documents are sent as they are typed: Yoga's own parses them first, and GraphiQL shows whatever is thrown with
 * its stack. So nothing is thrown: what goes wrong is a result with errors.
 */
export function createFetcher(endpoint: string) {
  const failed = (message: string): Result => ({ errors: [{ message }] });
  const read = (text: string, status: number): Result => {
    try {
      return JSON.parse(text);
    } catch {
      return failed(`The answer with status ${status} is not JSON.`);
    }
  };

  /** The results that a stream of server-sent events brings, until it says that it is complete, or ends. */
  async function* resultsIn(response: Response): AsyncGenerator<Result> {
    const reader = (response.body as ReadableStream<Uint8Array<ArrayBuffer>>).pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      text += part.value;
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        const [, data] = /^data: ?(.*)$/m.exec(event) ?? [];
        if (/^event: ?complete$/m.test(event)) return;
        if (data) yield read(data, response.status);
      }
    }
    yield failed('The stream has ended. Run the operation again.');
  }

  function streamOf(response: Response, controller: AbortController): AsyncIterableIterator<Result> {
    const results = resultsIn(response);
    const stream: AsyncIterableIterator<Result> = {
      next: () =>
        results
          .next()
          .catch(() =>
            controller.signal.aborted
              ? { done: true, value: undefined }
              : { done: false, value: failed('The stream has broken. Run the operation again.') },
          ),
      // A generator that waits for an event would not return before it comes.
      async return() {
        controller.abort();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]: () => stream,
    };
    return stream;
  }

  return async ({ query, operationName, variables }: Asked, { headers }: Options = {}): Promise<Result | AsyncIterable<Result>> => {
    const controller = new AbortController();
    try {
      const response = await fetch(endpoint, {
        method: 'POST',
        headers: {
          accept: 'application/graphql-response+json, application/json;q=0.9, text/event-stream;q=0.8',
          'content-type': 'application/json',
          ...headers,
        },
        body: JSON.stringify({ query, operationName: operationName ?? undefined, variables }),
        signal: controller.signal,
      });
      if (response.headers.get('content-type')?.startsWith('text/event-stream')) return streamOf(response, controller);
      return read(await response.text(), response.status);
    } catch (error) {
      return failed(`The gateway cannot be reached (${(error as Error).message}).`);
    }
  };
}

/** The place of a request in a trace that began elsewhere: W3C Trace Context, https://www.w3.org/TR/trace-context/. */
export type TraceContext = {
  /** 32 hexadecimal digits. */
  traceId: string;
  /** Of the span that sent the request, 16 hexadecimal digits; undefined where the trace begins here. */
  parentId?: string;
  isSampled: boolean;
  /** What tracing systems have written beside it, as it came. */
  state?: string;
};

/** Versions to come may write more behind it; version ff is none. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
/** The standard asks for so much to be passed on. */
const MAX_STATE_LENGTH = 512;

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Reads `traceparent` and `tracestate`; undefined where the first is not valid: then the trace begins here. */
export function traceContextOf({ traceparent, tracestate }: Headers): TraceContext | undefined {
  if (typeof traceparent !== 'string') return undefined;
  const [, version, traceId, parentId, flags = '', rest] = TRACEPARENT.exec(traceparent.trim()) ?? [];
  if (traceId === undefined || (version === '00' && rest !== undefined)) return undefined;
  const state = String(tracestate ?? '');
  return {
    traceId,
    parentId,
    isSampled: (Number.parseInt(flags, 16) & 1) === 1,
    state: state !== '' && state.length <= MAX_STATE_LENGTH ? state : undefined,
  };
}

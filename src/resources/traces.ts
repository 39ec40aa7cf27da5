import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Log } from '../log.ts';
import type { SamplerName } from '../samplers.ts';
import type { Tracing } from '../tracing.ts';
import { parseDatabaseUrl } from './database-url.ts';

export type TracesOptions = {
  /** Which traces are sent. Default parentbased_always_on: all that begin here, and those that whoever asks has chosen. */
  sampler?: SamplerName;
  /** The part of the traces that `traceidratio` chooses, 0 to 1. Default 1. */
  ratio?: number;
  /** The path of GraphQL. */
  endpoint: string;
  /** Of the primary. */
  databaseUrl: string;
};

type Sdk = typeof import('@opentelemetry/sdk-trace');

/** How long spans wait for others to be sent with, and how many may wait: later ones are lost. */
const [DELAY_MS, MAX_WAITING] = [1000, 8192];
/** How long the last spans may take when the gateway stops. */
const LAST_SPANS_MS = 2000;

/**
 * Sends spans by OTLP. OpenTelemetry's exporter reads its variables itself: endpoint, headers, compression, timeout, certificates. It is
 * loaded here and not before: whoever sends no traces does not pay for it.
 */
export async function openTraces(
  { sampler, ratio, endpoint, databaseUrl }: TracesOptions,
  log: Log,
): Promise<{ tracing: Tracing; close(): Promise<void> }> {
  const [{ diag, DiagLogLevel }, sdk, { OTLPTraceExporter }, resources, { createSpans }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
    import('@opentelemetry/resources'),
    import('../traces/spans.ts'),
  ]);
  const warn = (reason: string) => log.warn({ reason }, 'OpenTelemetry cannot use one of its settings as it is');
  diag.setLogger({ error: warn, warn, info: () => {}, debug: () => {}, verbose: () => {} }, DiagLogLevel.WARN);
  const { resourceAttributesEnvDetector, serviceNameEnvDetector, serviceInstanceIdDetector } = resources;
  const named = resources.detectResources({
    detectors: [serviceInstanceIdDetector, resourceAttributesEnvDetector, serviceNameEnvDetector],
  });
  const processor = new sdk.BatchSpanProcessor({
    exporter: reporting(new OTLPTraceExporter(), log),
    scheduledDelayMillis: DELAY_MS,
    maxQueueSize: MAX_WAITING,
  });
  const provider = new sdk.TracerProvider({
    resource: resources
      .defaultResource()
      .merge(resources.resourceFromAttributes({ 'service.name': 'convoy' }))
      .merge(named),
    sampler: samplerOf(sdk, sampler, ratio),
    spanProcessors: [processor],
  });
  // What it has to say later comes with each span, or is told of by what reports of the exporter.
  diag.disable();
  const { host = 'localhost', port = 5432, database = '' } = parseDatabaseUrl(databaseUrl);
  return {
    tracing: createSpans({ tracer: provider.getTracer('convoy'), endpoint, database: { host, port, name: database } }),
    async close() {
      const { promise: end, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, LAST_SPANS_MS);
      // What is lost has been told of.
      await Promise.race([provider.shutdown().catch(() => undefined), end]);
      clearTimeout(timer);
    },
  };
}

function samplerOf(sdk: Sdk, name: SamplerName = 'parentbased_always_on', ratio = 1) {
  const [, isParentBased, how] = /^(parentbased_)?(.*)$/.exec(name) ?? [];
  const root =
    how === 'always_on'
      ? new sdk.AlwaysOnSampler()
      : how === 'always_off'
        ? new sdk.AlwaysOffSampler()
        : new sdk.TraceIdRatioBasedSampler(ratio);
  return isParentBased ? new sdk.ParentBasedSampler({ root }) : root;
}

/** An exporter that tells once when it cannot send, and once when it can again. */
function reporting(exporter: SpanExporter, log: Log): SpanExporter {
  let isFailing = false;
  return {
    export(spans: ReadableSpan[], done) {
      exporter.export(spans, (result) => {
        const hasFailed = result.error !== undefined;
        if (hasFailed && !isFailing) log.warn({ err: result.error }, 'traces cannot be sent: some are lost until the collector answers');
        if (!hasFailed && isFailing) log.info('traces are sent again');
        isFailing = hasFailed;
        done(result);
      });
    },
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
    shutdown: () => exporter.shutdown(),
  };
}

/**
 * Metrics of a server for Prometheus: {@link dev.lora4j.serve.metrics.ServerMetrics}.
 *
 * <p>Micrometer counts and times. Each completion looks up its meters once and then records every
 * token without a lookup.
 */
@NullMarked
package dev.lora4j.serve.metrics;

import org.jspecify.annotations.NullMarked;

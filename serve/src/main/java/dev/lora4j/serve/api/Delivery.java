package dev.lora4j.serve.api;

import dev.lora4j.serve.http.ApiException;
import dev.lora4j.serve.http.Params;
import java.util.Optional;

/**
 * How a request wants its answer.
 *
 * @param streams whether the answer is a stream of server-sent events
 * @param includesUsage whether the last event of a stream has the usage
 */
record Delivery(boolean streams, boolean includesUsage) {
  private static final String OPTIONS = "stream_options";

  static Delivery of(Params params) {
    boolean streams = params.flag("stream");
    Optional<Params> options = params.object(OPTIONS);
    if (options.isPresent() && !streams) {
      throw ApiException.invalid(OPTIONS, "stream_options is allowed only with stream: true");
    }
    return new Delivery(streams, options.map(given -> given.flag("include_usage")).orElse(false));
  }
}

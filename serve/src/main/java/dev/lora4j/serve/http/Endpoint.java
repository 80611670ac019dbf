package dev.lora4j.serve.http;

import java.io.IOException;

/** Answers the requests of one route. */
@FunctionalInterface
public interface Endpoint {
  void handle(Exchange exchange) throws IOException;
}

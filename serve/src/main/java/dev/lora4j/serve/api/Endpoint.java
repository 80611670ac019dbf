package dev.lora4j.serve.api;

import java.io.IOException;

/** Answers the requests of one route. */
@FunctionalInterface
interface Endpoint {
  void handle(Exchange exchange) throws IOException;
}

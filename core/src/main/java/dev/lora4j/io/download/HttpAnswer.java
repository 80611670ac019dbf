package dev.lora4j.io.download;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Flow;

/** An HTTP response whose body has not been read yet; closing it abandons the rest. */
public record HttpAnswer(URI from, int status, HttpHeaders headers, HttpChunks body)
    implements AutoCloseable {

  /**
   * Sends a request and waits for the headers of the response.
   *
   * @throws ServerBusy if the server may answer later
   * @throws IOException if there is no answer
   */
  public static HttpAnswer send(HttpClient client, HttpRequest request) throws IOException {
    HttpResponse<Flow.Publisher<List<ByteBuffer>>> response;
    try {
      response = client.send(request, HttpResponse.BodyHandlers.ofPublisher());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    HttpAnswer answer =
        new HttpAnswer(
            request.uri(),
            response.statusCode(),
            response.headers(),
            new HttpChunks(response.body()));
    if (ServerBusy.is(answer.status())) {
      answer.close();
      throw ServerBusy.of(answer.status(), answer.headers());
    }
    return answer;
  }

  /** Returns whether the response points to another address. */
  public boolean isRedirect() {
    return Set.of(301, 302, 303, 307, 308).contains(status)
        && headers.firstValue("Location").isPresent();
  }

  boolean continuesAt(long byteNumber) {
    return headers
        .firstValue("Content-Range")
        .filter(range -> range.startsWith("bytes " + byteNumber + "-"))
        .isPresent();
  }

  /**
   * Returns the size of the whole file, for a response that begins at an offset; empty if the
   * server does not report the length.
   */
  OptionalLong end(long from) {
    OptionalLong rest = headers.firstValueAsLong("Content-Length");
    return rest.isPresent() ? OptionalLong.of(from + rest.getAsLong()) : rest;
  }

  /** Returns a version for {@code If-Range}: a strong entity tag, else the date; else empty. */
  String version() {
    return headers
        .firstValue("ETag")
        .filter(tag -> !tag.startsWith("W/"))
        .or(() -> headers.firstValue("Last-Modified"))
        .orElse("");
  }

  @Override
  public void close() {
    body.close();
  }
}

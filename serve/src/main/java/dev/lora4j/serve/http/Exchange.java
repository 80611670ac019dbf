package dev.lora4j.serve.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.NetworkConnector;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Fields;

/** An HTTP request and its response. */
public final class Exchange {
  private static final int MAX_BODY = 16 << 20;
  private static final long MAX_DISCARDED = 64 << 20;

  private final Request request;
  private final Response response;
  private Optional<Route> route = Optional.empty();
  private List<String> pathSegments = List.of();

  public Exchange(Request request, Response response) {
    this.request = request;
    this.response = response;
  }

  public String method() {
    return request.getMethod();
  }

  /** Returns whether the client asks for the head of the answer only, which Jetty then sends. */
  public boolean isHead() {
    return method().equals(Route.HEAD);
  }

  public void matched(Route found, List<String> segments) {
    route = Optional.of(found);
    pathSegments = segments;
  }

  /** The method and path of the route; empty if the request matches none. */
  public Optional<String> route() {
    return route.map(found -> found.method() + " " + found.path());
  }

  public int status() {
    return response.getStatus();
  }

  /** A variable segment of the path, counted from 0. */
  public String pathSegment(int index) {
    return pathSegments.get(index);
  }

  /** Reads the JSON object in the body. */
  public ObjectNode body() throws IOException {
    try (InputStream stream = Content.Source.asInputStream(request)) {
      byte[] body = stream.readNBytes(MAX_BODY + 1);
      if (body.length > MAX_BODY) {
        throw new ApiException(
            413, "invalid_request_error", "the body exceeds " + MAX_BODY + " bytes", null, null);
      }
      return Json.read(body);
    }
  }

  /**
   * Reads and discards the rest of the body, up to a limit: a client that is still sending would
   * lose the answer.
   */
  public void discardBody() {
    try (InputStream rest = Content.Source.asInputStream(request)) {
      byte[] buffer = new byte[1 << 16];
      long discarded = 0;
      for (int n = rest.read(buffer); n >= 0 && discarded < MAX_DISCARDED; n = rest.read(buffer)) {
        discarded += n;
      }
    } catch (IOException e) { // nothing more arrives
    }
  }

  /** The request, for readers of other bodies than JSON. */
  public Request request() {
    return request;
  }

  /** A parameter of the query, which may be empty. */
  public Optional<String> given(String name) {
    return Optional.ofNullable(queryFields().getValue(name));
  }

  /** A parameter of the query that is not empty. */
  public Optional<String> query(String name) {
    return given(name).filter(value -> !value.isEmpty());
  }

  /** The query's parameters of the form {@code name[key]=value}. */
  public Map<String, String> queryMap(String name) {
    Map<String, String> values = new LinkedHashMap<>();
    for (Fields.Field field : queryFields()) {
      if (field.getName().startsWith(name + "[") && field.getName().endsWith("]")) {
        String key = field.getName().substring(name.length() + 1, field.getName().length() - 1);
        values.put(key, field.getValue());
      }
    }
    return values;
  }

  private Fields queryFields() {
    try {
      return Request.extractQueryParameters(request);
    } catch (RuntimeException e) { // of Jetty's decoder
      throw ApiException.invalid("the query of the URL can't be decoded: " + e.getMessage());
    }
  }

  /** Sends the content of a file. */
  public void send(Path file, String type) throws IOException {
    response.setStatus(200);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, type);
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, Files.size(file));
    try (OutputStream out = Content.Sink.asOutputStream(response)) {
      Files.copy(file, out);
    }
  }

  /** Runs an action when the client disconnects. */
  public void onDisconnect(Runnable action) {
    request.addIdleTimeoutListener(timeout -> false); // the request may wait for its turn
    request.addFailureListener(failure -> action.run());
  }

  /** A header of the request; empty if there is none. */
  public String header(HttpHeader header) {
    String value = request.getHeaders().get(header);
    return value == null ? "" : value;
  }

  /** The header Authorization; empty if there is none. */
  public String authorization() {
    String value = request.getHeaders().get(HttpHeader.AUTHORIZATION);
    return value == null ? "" : value;
  }

  /** The header Origin, which browsers send with requests of a page; empty if there is none. */
  public String origin() {
    String value = request.getHeaders().get("Origin");
    return value == null ? "" : value;
  }

  /** The address to which the client sent the request: the header Host. */
  public String authority() {
    String value = request.getHeaders().get(HttpHeader.HOST);
    return value == null ? "" : value;
  }

  /** The name or address of the server without its port, as the client gave it. */
  public String serverName() {
    return authority().replaceFirst(":[0-9]*$", "");
  }

  /** The host that the server was told to listen on; empty for all. */
  public String configuredHost() {
    return request.getConnectionMetaData().getConnector() instanceof NetworkConnector network
        ? String.valueOf(network.getHost())
        : "";
  }

  public void header(String name, String value) {
    response.getHeaders().put(name, value);
  }

  public void send(int status, JsonNode json) throws IOException {
    send(status, "application/json", Json.bytes(json));
  }

  public void send(int status, String type, String text) throws IOException {
    send(status, type, text.getBytes(StandardCharsets.UTF_8));
  }

  private void send(int status, String type, byte[] content) throws IOException {
    response.setStatus(status);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, type);
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, content.length);
    try (OutputStream out = Content.Sink.asOutputStream(response)) {
      out.write(content);
    }
  }

  public boolean isCommitted() {
    return response.isCommitted();
  }

  /** Starts a stream of server-sent events. */
  public EventStream events() {
    response.setStatus(200);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/event-stream; charset=utf-8");
    response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-cache");
    return new EventStream(Content.Sink.asOutputStream(response));
  }
}

package dev.lora4j.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The OpenAPI document of the server, to validate answers with. */
public final class OpenApiDocument {
  private static final String ADDRESS = "https://lora4j.dev/openapi.json";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final JsonNode document;
  private final SchemaRegistry schemas;

  private OpenApiDocument(String text) throws IOException {
    document = JSON.readTree(text);
    schemas =
        SchemaRegistry.withDefaultDialect(
            SpecificationVersion.DRAFT_2020_12, builder -> builder.schemas(Map.of(ADDRESS, text)));
  }

  /** Reads the document from the class path. */
  public static OpenApiDocument load() {
    try (InputStream in =
        OpenApiDocument.class.getResourceAsStream("/dev/lora4j/serve/api/openapi.json")) {
      return new OpenApiDocument(new String(in.readAllBytes(), UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public JsonNode document() {
    return document;
  }

  /** Checks the status, the content type and the body of an answer. */
  public void requireValid(
      String method, String path, int status, String contentType, String body) {
    Optional<JsonNode> operation = operation(method, path);
    if (operation.isEmpty()) {
      assertThat(status).as(path).isIn(404, 405);
      requireValid("Error", body);
      return;
    }
    JsonNode response = operation.get().path("responses").path(String.valueOf(status));
    assertThat(response.isMissingNode()).as("%s %s: status %d", method, path, status).isFalse();
    String type = contentType.replaceFirst(";.*", "");
    JsonNode content = resolved(response).path("content").path(type);
    assertThat(content.isMissingNode()).as("%s %s: %s", method, path, type).isFalse();
    String schema = content.at("/schema/$ref").asText();
    if (type.equals("text/event-stream")) {
      body.lines()
          .filter(line -> line.startsWith("data: {"))
          .forEach(line -> requireValidEvent(path, line.substring("data: ".length())));
    } else if (!schema.isEmpty()) {
      requireValid(schema.substring(schema.lastIndexOf('/') + 1), body);
    }
  }

  /** Checks a whole answer. */
  void requireValid(HttpResponse<String> response) {
    requireValid(
        response.request().method(),
        response.request().uri().getRawPath(),
        response.statusCode(),
        response.headers().firstValue("content-type").orElse(""),
        response.body());
  }

  /** Checks one event of a stream. */
  void requireValidEvent(String path, String data) {
    requireValid(eventSchema(path), data);
  }

  private static String eventSchema(String path) {
    if (path.contains("/fine_tuning/")) {
      return "JobEvent";
    }
    return path.endsWith("/chat/completions") ? "ChatCompletionChunk" : "Completion";
  }

  private void requireValid(String schema, String body) {
    List<Error> errors =
        schemas
            .getSchema("{\"$ref\": \"" + ADDRESS + "#/components/schemas/" + schema + "\"}")
            .validate(body, InputFormat.JSON);
    assertThat(errors).as("%s: %s", schema, body).isEmpty();
  }

  private JsonNode resolved(JsonNode node) {
    String reference = node.path("$ref").asText();
    return reference.isEmpty() ? node : document.at(reference.substring(1));
  }

  private Optional<JsonNode> operation(String method, String path) {
    return document.get("paths").properties().stream()
        .filter(entry -> matches(entry.getKey(), path))
        .map(entry -> entry.getValue().path(method.toLowerCase(Locale.ROOT)))
        .filter(operation -> !operation.isMissingNode())
        .findFirst();
  }

  private static boolean matches(String template, String path) {
    String plain = withoutVersion(template).replaceAll("\\{[a-z_]+}", "[^/]+");
    return withoutVersion(path).matches(plain);
  }

  private static String withoutVersion(String path) {
    return path.startsWith("/v1/") ? path.substring("/v1".length()) : path;
  }
}

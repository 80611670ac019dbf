package dev.lora4j.serve.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.serve.OpenApiDocument;
import dev.lora4j.serve.engine.ServedModels;
import dev.lora4j.serve.http.CorsOrigins;
import dev.lora4j.serve.metrics.ServerMetrics;
import dev.lora4j.serve.task.TaskAdapters;
import dev.lora4j.serve.task.TaskEndpoints;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class OpenApiTest {
  private final OpenApiDocument description = OpenApiDocument.load();

  @Test
  void everyRouteIsDescribedAndNothingElse() {
    try (ServerMetrics metrics = new ServerMetrics(Optional.empty())) {
      ApiHandler handler =
          new ApiHandler(
              new ServedModels(List.of()),
              Optional.empty(),
              Optional.empty(),
              new TaskEndpoints(new TaskAdapters(Map.of(), Optional.empty(), 1), 1),
              new ApiHandler.Access(Optional.empty(), CorsOrigins.NONE),
              metrics);
      Set<String> routes =
          handler.routes().stream()
              .map(route -> route.method() + " " + route.path().replace("{*}", "{}"))
              .collect(Collectors.toCollection(TreeSet::new));

      assertThat(described()).isEqualTo(routes);
    }
  }

  private Set<String> described() {
    Set<String> operations = new TreeSet<>();
    description
        .document()
        .get("paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .fieldNames()
                    .forEachRemaining(method -> operations.add(operation(method, path.getKey()))));
    return operations;
  }

  private static String operation(String method, String path) {
    return method.toUpperCase(Locale.ROOT)
        + " "
        + path.replaceFirst("^/v1/", "/").replaceAll("\\{[^}]+}", "{}");
  }

  @Test
  void everyReferenceHasATarget() {
    List<JsonNode> references = description.document().findValues("$ref");

    assertThat(references).isNotEmpty();
    for (JsonNode reference : references) {
      assertThat(description.document().at(reference.asText().substring(1)).isMissingNode())
          .as(reference.asText())
          .isFalse();
    }
  }

  @Test
  void anAnswerOutsideTheDocumentIsNoticed() {
    String json = "application/json";
    String wrong = "{\"status\": \"ok\", \"running\": -1, \"waiting\": 0}";

    assertThatThrownBy(() -> description.requireValid("GET", "/health/ready", 200, json, wrong))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("running");
    assertThatThrownBy(() -> description.requireValid("GET", "/v1/models", 418, json, "{}"))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("418");
  }
}

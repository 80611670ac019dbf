package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.serve.engine.ServingLimits;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A folder with more adapters than fit in memory, several of them loaded at any time. */
class ManyAdaptersTest {
  private static final int ADAPTERS = 60;
  private static final int IN_MEMORY = 4;
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir static Path directory;
  private static LoraServer server;
  private final HttpClient client = HttpClient.newHttpClient();

  @BeforeAll
  static void start() throws IOException {
    Path model = SavedTextModel.chatty(directory.resolve("model"));
    Path folder = directory.resolve("adapters");
    int written = 6; // the others are copies of these
    for (int i = 0; i < ADAPTERS; i++) {
      Path adapter = folder.resolve("tenant" + i);
      if (i < written) {
        SavedTextModel.adapter(model, adapter, 20 + i);
      } else {
        Files.createDirectories(adapter);
        for (String file : List.of("adapter_config.json", "adapter_model.safetensors")) {
          Files.copy(folder.resolve("tenant" + i % written).resolve(file), adapter.resolve(file));
        }
      }
    }
    server =
        LoraServer.builder()
            .model("base", model)
            .adapters(folder)
            .limits(ServingLimits.defaults().maxBatch(IN_MEMORY).maxAdapters(IN_MEMORY))
            .port(0)
            .start();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  /** Returns the log-probabilities of a greedy completion, which tell any two adapters apart. */
  private JsonNode complete(int tenant) throws IOException, InterruptedException {
    String body =
        "{\"model\": \"tenant%d\", \"prompt\": \"Once\", \"max_tokens\": 6, \"temperature\": 0, \"logprobs\": 1}"
            .formatted(tenant);
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + "/v1/completions"))
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JSON.readTree(response.body()).at("/choices/0/logprobs/token_logprobs");
  }

  @Test
  void randomRequestsForManyAdaptersHaveTheAnswersOfTheirAdapter() throws Exception {
    List<JsonNode> answers = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      answers.add(complete(i));
    }
    assertThat(answers.stream().distinct()).hasSize(6);
    SplittableRandom dice = new SplittableRandom(4);
    List<Integer> tenants = IntStream.range(0, 120).mapToObj(i -> dice.nextInt(ADAPTERS)).toList();
    ExecutorService clients = Executors.newFixedThreadPool(IN_MEMORY - 1);
    try {
      List<Callable<JsonNode>> tasks =
          tenants.stream().map(tenant -> (Callable<JsonNode>) () -> complete(tenant)).toList();
      List<Future<JsonNode>> found = clients.invokeAll(tasks);
      for (int i = 0; i < tenants.size(); i++) {
        assertThat(found.get(i).get()).isEqualTo(answers.get(tenants.get(i) % 6));
      }
    } finally {
      clients.shutdown();
    }
  }
}

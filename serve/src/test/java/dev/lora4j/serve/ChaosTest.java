package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.serve.engine.ServingLimits;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients that leave, load, replace, unload and send nonsense; {@code tools/chaos} runs longer. */
class ChaosTest {
  private static final int ADAPTERS = 4;
  private static final int CLIENTS = 8;
  private static final long NANOS = TimeUnit.SECONDS.toNanos(6);
  private static final List<String> PROMPTS = List.of("Once", "Hello there", "long ".repeat(30));
  private static final List<String> NONSENSE =
      List.of("", "{", "null", "[1]", "{\"model\": 7}", "{\"model\": \"base\", \"prompt\": {}}");
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir static Path directory;
  private static LoraServer server;
  private final HttpClient client = HttpClient.newHttpClient();
  private final Map<String, JsonNode> alone = new HashMap<>(); // by model and prompt

  @BeforeAll
  static void start() {
    Path model = SavedTextModel.chatty(directory.resolve("model"));
    Path folder = directory.resolve("adapters");
    for (int i = 0; i < ADAPTERS; i++) {
      SavedTextModel.adapter(model, folder.resolve("a" + i), 20 + i);
    }
    server =
        LoraServer.builder()
            .model("base", model)
            .adapters(folder)
            .limits(ServingLimits.defaults().maxBatch(4).maxAdapters(3).cacheBytes(1 << 20))
            .port(0)
            .start();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private HttpRequest post(String path, String body) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  private HttpResponse<String> send(String path, String body)
      throws IOException, InterruptedException {
    return client.send(post(path, body), HttpResponse.BodyHandlers.ofString());
  }

  private static String body(String model, String prompt, String more) {
    return """
        {"model": "%s", "prompt": "%s", "max_tokens": 8, "temperature": 0, "logprobs": 1%s}
        """
        .formatted(model, prompt, more);
  }

  private static JsonNode logProbs(HttpResponse<String> response) throws IOException {
    return JSON.readTree(response.body()).at("/choices/0/logprobs/token_logprobs");
  }

  @Test
  void everyCompletionIsRightWhileOthersLeaveLoadUnloadAndSendNonsense() throws Exception {
    for (int i = 0; i < ADAPTERS; i++) {
      for (String prompt : PROMPTS) {
        alone.put("a" + i + prompt, logProbs(send("/v1/completions", body("a" + i, prompt, ""))));
      }
    }
    assertThat(alone.values().stream().distinct()).hasSize(alone.size());
    long end = System.nanoTime() + NANOS;
    ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    try {
      List<Callable<Integer>> tasks = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        SplittableRandom dice = new SplittableRandom(i);
        tasks.add(() -> disturb(dice, end));
      }
      int right = 0;
      for (Future<Integer> completions : clients.invokeAll(tasks)) {
        right += completions.get();
      }
      assertThat(right).isPositive();
    } finally {
      clients.shutdown();
    }
  }

  /** Returns the number of completions that were compared. */
  private int disturb(SplittableRandom dice, long end) throws IOException, InterruptedException {
    int right = 0;
    while (System.nanoTime() < end) {
      String adapter = "a" + dice.nextInt(ADAPTERS);
      String prompt = PROMPTS.get(dice.nextInt(PROMPTS.size()));
      switch (dice.nextInt(6)) {
        case 0 -> leave(adapter, prompt);
        case 1 ->
            assertStatus(
                send(
                    "/v1/load_lora_adapter",
                    "{\"lora_name\": \"changing\", \"lora_path\": \"%s\", \"load_inplace\": true}"
                        .formatted(adapter)),
                200,
                429);
        case 2 ->
            assertStatus(
                send("/v1/unload_lora_adapter", "{\"lora_name\": \"changing\"}"), 200, 404);
        case 3 ->
            assertStatus(
                send("/v1/completions", NONSENSE.get(dice.nextInt(NONSENSE.size()))), 400, 404);
        case 4 -> right += compare("changing", prompt);
        default -> right += compare(adapter, prompt);
      }
    }
    return right;
  }

  private static void assertStatus(HttpResponse<String> response, Integer... allowed) {
    assertThat(response.statusCode()).as(response.body()).isIn((Object[]) allowed);
  }

  private int compare(String model, String prompt) throws IOException, InterruptedException {
    HttpResponse<String> response = send("/v1/completions", body(model, prompt, ""));
    if (response.statusCode() == 404 && model.equals("changing")) {
      return 0; // it is unloaded at present
    }
    assertStatus(response, 200, 429);
    if (response.statusCode() == 429) {
      return 0;
    }
    List<String> adapters =
        model.equals("changing") ? List.of("a0", "a1", "a2", "a3") : List.of(model);
    assertThat(logProbs(response))
        .isIn(adapters.stream().map(adapter -> alone.get(adapter + prompt)).toList());
    return 1;
  }

  private void leave(String model, String prompt) throws IOException, InterruptedException {
    HttpResponse<InputStream> response =
        client.send(
            post("/v1/completions", body(model, prompt, ", \"stream\": true")),
            HttpResponse.BodyHandlers.ofInputStream());
    try (InputStream events = response.body()) {
      assertThat(response.statusCode()).isIn(200, 429);
      assertThat(events.read()).isNotNegative();
    }
  }
}

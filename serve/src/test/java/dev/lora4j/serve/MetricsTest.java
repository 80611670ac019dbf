package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.serve.engine.ServingLimits;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.Collections;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsTest {
  private static final int ADAPTERS = 3;
  private static final String PROMPT =
      "{\"model\": \"%s\", \"prompt\": %s, \"max_tokens\": 5, \"logit_bias\": {\"2\": -100}}";

  @TempDir static Path directory;
  private static final SimpleMeterRegistry PROGRAM = new SimpleMeterRegistry();
  private static Path folder;
  private static LoraServer server;
  private static TestClient client;

  @BeforeAll
  static void start() {
    Path model = SavedTextModel.chatty(directory.resolve("model"));
    folder = directory.resolve("adapters");
    SavedTextModel.adapter(model, folder.resolve("tenant"), 1);
    server =
        LoraServer.builder()
            .model("base", model)
            .adapters(folder)
            .limits(ServingLimits.defaults().maxAdapters(1).cacheBytes(8 << 20))
            .meterRegistry(PROGRAM)
            .port(0)
            .start();
    client = new TestClient(server);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static void complete(String model, String prompt) {
    assertThat(client.post("/v1/completions", PROMPT.formatted(model, prompt)).status())
        .isEqualTo(200);
  }

  /** The value of a time series, 0 if there is none; the labels in alphabetical order. */
  private static double value(String series) {
    String text = client.get("/metrics").json().asText();
    Matcher line = Pattern.compile("(?m)^" + Pattern.quote(series) + " (\\S+)$").matcher(text);
    return line.find() ? Double.parseDouble(line.group(1)) : 0;
  }

  @Test
  void aCompletionIsCountedAndTimed() {
    String labels = "{adapter=\"(base)\",model=\"base\"}";
    double tokens = value("lora_tokens_generated_total" + labels);
    double steps = value("lora_time_between_tokens_seconds_count" + labels);
    double first = value("lora_time_to_first_token_seconds_count" + labels);
    double cached = value("lora_tokens_cached_total" + labels);
    double prompts = value("lora_tokens_prompt_total" + labels);
    String prompt = Collections.nCopies(100, 5).toString();

    complete("base", prompt);
    complete("base", prompt);

    assertThat(value("lora_tokens_generated_total" + labels) - tokens).isEqualTo(10);
    assertThat(value("lora_time_between_tokens_seconds_count" + labels) - steps).isEqualTo(8);
    assertThat(value("lora_time_to_first_token_seconds_count" + labels) - first).isEqualTo(2);
    assertThat(value("lora_queue_time_seconds_count" + labels)).isGreaterThanOrEqualTo(2);
    assertThat(value("lora_tokens_cached_total" + labels) - cached).isEqualTo(64);
    assertThat(value("lora_tokens_prompt_total" + labels) - prompts).isEqualTo(200);
    assertThat(value("lora_completions_total{adapter=\"(base)\",model=\"base\",result=\"length\"}"))
        .isGreaterThanOrEqualTo(2);
    assertThat(value("lora_cache_usage{model=\"base\"}")).isBetween(1e-6, 1.0);
    assertThat(value("lora_requests_running{model=\"base\"}")).isZero();
    assertThat(
            value(
                "lora_time_to_first_token_seconds_bucket{adapter=\"(base)\",model=\"base\",le=\"+Inf\"}"))
        .isPositive();
  }

  @Test
  void answersAreCountedByRouteAndStatus() {
    String series = "lora_http_requests_total{route=\"%s\",status=\"%d\"}";
    double unknown = value(series.formatted("(none)", 404));

    client.get("/v1/nothing");
    client.get("/v1/other");
    client.get("/v1/models/nobody");

    assertThat(value(series.formatted("(none)", 404)) - unknown).isEqualTo(2);
    assertThat(value(series.formatted("GET /models/{*}", 404))).isPositive();
    assertThat(value(series.formatted("GET /metrics", 200))).isPositive();
  }

  @Test
  void adaptersAreCountedWithTheirLoadsAndEvictions() {
    for (int i = 0; i < ADAPTERS; i++) {
      load("adapter" + i);
      complete("adapter" + i, "[7]");
    }

    String series = "lora_tokens_generated_total{adapter=\"adapter2\",model=\"base\"}";
    assertThat(value(series)).isEqualTo(5);
    assertThat(value("lora_adapters_loaded{model=\"base\"}")).isEqualTo(1);
    assertThat(value("lora_adapter_loads_total{model=\"base\"}")).isEqualTo(ADAPTERS);
    assertThat(value("lora_adapter_evictions_total{model=\"base\"}")).isEqualTo(ADAPTERS - 1);
  }

  /** Repeats the request while the adapter in memory is in use: its answer may just have ended. */
  private static void load(String name) {
    String body = "{\"lora_name\": \"%s\", \"lora_path\": \"tenant\"}".formatted(name);
    int status = 429;
    for (int tries = 0; status == 429 && tries < 1000; tries++) {
      status = client.post("/v1/load_lora_adapter", body).status();
    }
    assertThat(status).isEqualTo(200);
  }

  @Test
  void theProcessIsMeasured() {
    assertThat(value("process_resident_memory_bytes")).isGreaterThan(10e6);
    assertThat(value("jvm_threads_live_threads")).isPositive();
  }

  @Test
  void theRegistryOfTheProgramHasTheMetricsWhileTheServerRuns() {
    complete("base", "[7]");

    assertThat(PROGRAM.find("lora.time.to.first.token").timers()).isNotEmpty();
    assertThat(PROGRAM.find("jvm.threads.live").gauges()).isEmpty();
    SimpleMeterRegistry program = new SimpleMeterRegistry();
    program.counter("own").increment();
    LoraServer.builder()
        .model("other", directory.resolve("model"))
        .meterRegistry(program)
        .port(0)
        .start()
        .close();
    assertThat(program.getMeters().stream().map(Meter::getId).map(Meter.Id::getName))
        .containsExactly("own");
  }
}

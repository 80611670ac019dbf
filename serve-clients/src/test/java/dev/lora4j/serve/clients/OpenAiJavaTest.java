package dev.lora4j.serve.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.errors.RateLimitException;
import com.openai.errors.UnauthorizedException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.embeddings.CreateEmbeddingResponse;
import com.openai.models.embeddings.EmbeddingCreateParams;
import com.openai.models.models.Model;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.serve.LoraServer;
import dev.lora4j.serve.api.ApiKeys;
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
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** OpenAI's own client for Java. */
class OpenAiJavaTest {
  private static final int REQUESTS = 6;

  @TempDir static Path directory;
  private static ClientServer server;
  private static OpenAIClient client;

  @BeforeAll
  static void start() {
    server = ClientServer.start(directory);
    client = client(server.baseUrl(), "any");
  }

  @AfterAll
  static void stop() {
    client.close();
    server.close();
  }

  private static OpenAIClient client(String baseUrl, String key) {
    return OpenAIOkHttpClient.builder().baseUrl(baseUrl).apiKey(key).maxRetries(0).build();
  }

  private static ChatCompletionCreateParams.Builder chat(String model) {
    return ChatCompletionCreateParams.builder()
        .model(model)
        .addSystemMessage("Be brief.")
        .addUserMessage("Hello")
        .temperature(0)
        .maxCompletionTokens(8);
  }

  @Test
  void chatCompletionsAreRead() {
    ChatCompletion completion = client.chat().completions().create(chat("pirate").build());

    completion.validate();
    assertThat(completion.model()).isEqualTo("pirate");
    assertThat(completion.choices().get(0).message().content()).isPresent();
    assertThat(completion.usage().orElseThrow().completionTokens()).isBetween(1L, 8L);
  }

  @Test
  void aStreamHasTheTextOfTheWholeAnswerAndItsUsage() {
    ChatCompletionCreateParams params =
        chat("chat")
            .streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build())
            .build();
    ChatCompletion whole = client.chat().completions().create(chat("chat").build());
    List<ChatCompletionChunk> chunks;
    try (StreamResponse<ChatCompletionChunk> stream =
        client.chat().completions().createStreaming(params)) {
      chunks = stream.stream().toList();
    }

    chunks.forEach(ChatCompletionChunk::validate);
    assertThat(
            chunks.stream()
                .flatMap(chunk -> chunk.choices().stream())
                .flatMap(choice -> choice.delta().content().stream())
                .collect(Collectors.joining()))
        .isEqualTo(whole.choices().get(0).message().content().orElseThrow());
    assertThat(chunks.get(chunks.size() - 1).usage().map(usage -> usage.totalTokens()))
        .isEqualTo(whole.usage().map(usage -> usage.totalTokens()));
  }

  @Test
  void completionsAndModelsAreRead() {
    Completion completion =
        client
            .completions()
            .create(
                CompletionCreateParams.builder()
                    .model(CompletionCreateParams.Model.of("chat"))
                    .prompt("Once")
                    .maxTokens(4)
                    .build());
    Model adapter = client.models().retrieve("pirate");

    completion.validate();
    adapter.validate();
    assertThat(client.models().list().data().stream().map(Model::id))
        .contains("chat", "pirate", "embedder");
  }

  @Test
  void embeddingsInBase64AreThoseInDecimals() {
    EmbeddingCreateParams.Builder request =
        EmbeddingCreateParams.builder().model("embedder").inputOfArrayOfStrings(List.of("a", "b"));

    CreateEmbeddingResponse byDefault = client.embeddings().create(request.build());
    CreateEmbeddingResponse decimals =
        client
            .embeddings()
            .create(request.encodingFormat(EmbeddingCreateParams.EncodingFormat.FLOAT).build());

    assertThat(byDefault.data()).hasSize(2);
    assertThat(byDefault.data().get(1).embedding())
        .hasSize(32)
        .isEqualTo(decimals.data().get(1).embedding());
    double squares =
        byDefault.data().get(0).embedding().stream().mapToDouble(x -> (double) x * x).sum();
    assertThat(squares).isCloseTo(1, within(1e-5));
  }

  @Test
  void errorsHaveTheirExceptions() throws IOException {
    assertThatThrownBy(() -> client.chat().completions().create(chat("nobody").build()))
        .isInstanceOf(NotFoundException.class)
        .hasMessageContaining("nobody");
    assertThatThrownBy(() -> client.chat().completions().create(chat("chat").topP(2).build()))
        .isInstanceOf(BadRequestException.class)
        .hasMessageContaining("top_p");
    Path keys = Files.writeString(directory.resolve("keys"), "secret\n");
    try (LoraServer locked =
        LoraServer.builder()
            .model("chat", directory.resolve("chat"))
            .apiKeys(ApiKeys.read(keys))
            .port(0)
            .start()) {
      OpenAIClient stranger = client(address(locked), "wrong");
      OpenAIClient known = client(address(locked), "secret");

      assertThatThrownBy(() -> stranger.models().list()).isInstanceOf(UnauthorizedException.class);
      assertThat(known.models().list().data()).hasSize(1);
    }
  }

  private static String address(LoraServer server) {
    return "http://127.0.0.1:" + server.port() + "/v1";
  }

  @Test
  void aFullQueueIsARateLimit() {
    Path model = SavedTextModel.chatty(directory.resolve("busy"));
    try (LoraServer small =
        LoraServer.builder()
            .model("chat", model)
            .limits(ServingLimits.defaults().maxBatch(1).maxQueue(1))
            .port(0)
            .start()) {
      OpenAIClient busy = client(address(small), "any");
      ChatCompletionCreateParams endless =
          chat("chat")
              .maxCompletionTokens(150)
              .putAdditionalBodyProperty("logit_bias", JsonValue.from(Map.of("2", -100)))
              .build();

      assertThatThrownBy(() -> openStreams(busy, endless))
          .isInstanceOf(RateLimitException.class)
          .hasMessageContaining("queue");
    }
  }

  @SuppressWarnings("MustBeClosedChecker") // closed together, at the end
  private static void openStreams(OpenAIClient client, ChatCompletionCreateParams params) {
    List<StreamResponse<ChatCompletionChunk>> streams = new ArrayList<>();
    try {
      for (int i = 0; i < REQUESTS; i++) {
        streams.add(client.chat().completions().createStreaming(params));
      }
    } finally {
      streams.forEach(StreamResponse::close);
    }
  }

  @Test
  void aClosedStreamStopsItsGeneration() throws IOException, InterruptedException {
    try (StreamResponse<ChatCompletionChunk> stream =
        client
            .chat()
            .completions()
            .createStreaming(chat("chat").maxCompletionTokens(150).build())) {
      assertThat(stream.stream().findFirst()).isPresent();
    }

    HttpRequest ready =
        HttpRequest.newBuilder(URI.create(server.baseUrl().replace("/v1", "/health/ready")))
            .build();
    HttpClient http = HttpClient.newHttpClient();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!http.send(ready, HttpResponse.BodyHandlers.ofString())
        .body()
        .contains("\"running\":0")) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.sleep(20);
    }
  }
}

package dev.lora4j.serve.clients;

import static org.assertj.core.api.Assertions.assertThat;

import com.openai.client.OpenAIClient;
import com.openai.client.OpenAIClientAsync;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.openai.OpenAiChatModel;
import org.springframework.ai.openai.OpenAiChatOptions;

/** Spring AI's OpenAI chat model, without Spring Boot. */
class SpringAiTest {
  @TempDir static Path directory;
  private static ClientServer server;
  private static OpenAIClient client;

  @BeforeAll
  static void start() {
    server = ClientServer.start(directory);
    client = OpenAIOkHttpClient.builder().baseUrl(server.baseUrl()).apiKey("any").build();
  }

  @AfterAll
  static void stop() {
    client.close();
    server.close();
  }

  private static OpenAiChatModel model() {
    OpenAIClientAsync async = client.async();
    return OpenAiChatModel.builder().openAiClient(client).openAiClientAsync(async).build();
  }

  private static Prompt prompt() {
    return new Prompt(
        "Hello", OpenAiChatOptions.builder().model("pirate").temperature(0.0).maxTokens(8).build());
  }

  @Test
  void aStreamedAnswerIsThatOfAWholeOne() {
    ChatResponse whole = model().call(prompt());

    List<ChatResponse> parts = model().stream(prompt()).collectList().block(Duration.ofSeconds(60));

    String text = whole.getResult().getOutput().getText();
    assertThat(text).isNotEmpty();
    assertThat(
            parts.stream()
                .flatMap(part -> part.getResults().stream())
                .map(result -> Optional.ofNullable(result.getOutput().getText()).orElse(""))
                .collect(Collectors.joining()))
        .isEqualTo(text);
    assertThat(whole.getMetadata().getUsage().getCompletionTokens()).isBetween(1, 8);
  }
}

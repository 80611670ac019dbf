package dev.lora4j.serve.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** LangChain4j's OpenAI models, over the JDK's HTTP client. */
class LangChain4jTest {
  private static final int TOKENS = 8;

  @TempDir static Path directory;
  private static ClientServer server;

  @BeforeAll
  static void start() {
    server = ClientServer.start(directory);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static OpenAiChatModel chat(String model) {
    return OpenAiChatModel.builder()
        .baseUrl(server.baseUrl())
        .apiKey("any")
        .modelName(model)
        .temperature(0.0)
        .maxCompletionTokens(TOKENS)
        .maxRetries(0)
        .build();
  }

  private static ChatResponse streamed(String model) throws Exception {
    OpenAiStreamingChatModel streaming =
        OpenAiStreamingChatModel.builder()
            .baseUrl(server.baseUrl())
            .apiKey("any")
            .modelName(model)
            .temperature(0.0)
            .maxCompletionTokens(TOKENS)
            .build();
    CompletableFuture<ChatResponse> response = new CompletableFuture<>();
    ChatRequest request = ChatRequest.builder().messages(UserMessage.from("Hello")).build();
    streaming.chat(
        request,
        new StreamingChatResponseHandler() {
          @Override
          public void onPartialResponse(String text) {}

          @Override
          public void onCompleteResponse(ChatResponse complete) {
            response.complete(complete);
          }

          @Override
          public void onError(Throwable error) {
            response.completeExceptionally(error);
          }
        });
    return response.get(60, TimeUnit.SECONDS);
  }

  @Test
  void aStreamedAnswerIsThatOfAWholeOne() throws Exception {
    ChatResponse whole =
        chat("pirate").chat(ChatRequest.builder().messages(UserMessage.from("Hello")).build());
    ChatResponse streamed = streamed("pirate");

    assertThat(streamed.aiMessage().text()).isEqualTo(whole.aiMessage().text());
    assertThat(streamed.finishReason()).isEqualTo(whole.finishReason());
    assertThat(streamed.tokenUsage().outputTokenCount())
        .isEqualTo(whole.tokenUsage().outputTokenCount());
    assertThat(streamed.aiMessage().text()).isNotEqualTo(chat("chat").chat("Hello"));
  }

  @Test
  void errorsReachTheHandler() {
    assertThatThrownBy(() -> chat("nobody").chat("Hello"))
        .isInstanceOf(ModelNotFoundException.class)
        .hasMessageContaining("nobody");
    assertThatThrownBy(() -> streamed("nobody")).hasStackTraceContaining("nobody");
  }

  @Test
  void textsAreEmbedded() {
    OpenAiEmbeddingModel model =
        OpenAiEmbeddingModel.builder()
            .baseUrl(server.baseUrl())
            .apiKey("any")
            .modelName("embedder")
            .build();

    assertThat(model.embed("a text").content().vector()).hasSize(32);
  }
}

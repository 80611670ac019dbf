package dev.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.output.FinishReason;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.llm.tokenizer.Message;
import dev.lora4j.serve.engine.BatchScheduler;
import dev.lora4j.serve.engine.ServingLimits;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Chat models of one engine: adapters, threads, limits and mistakes. */
class LoraEngineTest {
  @TempDir static Path directory;
  private static Path model;
  private static LoraEngine engine;

  @BeforeAll
  static void open() {
    model = SavedTextModel.chatty(directory.resolve("model"));
    Path folder = directory.resolve("adapters");
    for (int i = 0; i < 3; i++) {
      SavedTextModel.adapter(model, folder.resolve("tenant" + i), 20 + i);
    }
    engine =
        LoraEngine.builder()
            .model(model)
            .baseName("base")
            .adapters(folder)
            .limits(ServingLimits.defaults().maxBatch(8).cacheBytes(16 << 20))
            .build();
  }

  @AfterAll
  static void close() {
    engine.close();
  }

  private static LoraChatModel.Builder greedy() {
    return LoraChatModel.builder().engine(engine).temperature(0).maxOutputTokens(12);
  }

  private static ChatRequest request(UnaryOperator<LoraChatRequestParameters.Builder> parameters) {
    return ChatRequest.builder()
        .messages(UserMessage.from("Tell me"))
        .parameters(parameters.apply(LoraChatRequestParameters.builder()).build())
        .build();
  }

  private static String answer(String adapter) {
    return greedy().modelName(adapter).build().chat("Tell me");
  }

  @Test
  void manyThreadsGetTheAnswersThatTheyGetAlone() {
    assertThat(engine.modelNames()).containsExactly("base", "tenant0", "tenant1", "tenant2");
    Map<String, String> alone =
        engine.modelNames().stream().collect(Collectors.toMap(name -> name, name -> answer(name)));
    ExecutorService threads = Executors.newFixedThreadPool(16);

    List<CompletableFuture<String>> together =
        IntStream.range(0, 32)
            .mapToObj(i -> engine.modelNames().get(i % 4))
            .map(name -> CompletableFuture.supplyAsync(() -> answer(name), threads))
            .toList();

    for (int i = 0; i < together.size(); i++) {
      assertThat(together.get(i).join()).isEqualTo(alone.get(engine.modelNames().get(i % 4)));
    }
    threads.shutdown();
    assertThat(alone.values()).doesNotHaveDuplicates();
  }

  @Test
  void aReplacedAdapterAnswersNewRequests() {
    engine.load("changing", directory.resolve("adapters/tenant0"));
    assertThat(answer("changing")).isEqualTo(answer("tenant0"));

    engine.load("changing", directory.resolve("adapters/tenant1"));

    assertThat(answer("changing")).isEqualTo(answer("tenant1"));
  }

  @Test
  void aSeedRepeatsTheAnswer() {
    LoraChatModel hot = LoraChatModel.builder().engine(engine).temperature(1.5).seed(7).build();
    ChatRequest short7 = request(p -> p.maxOutputTokens(12));
    ChatRequest short8 = request(p -> p.maxOutputTokens(12).seed(8));

    String first = hot.chat(short7).aiMessage().text();

    assertThat(hot.chat(short7).aiMessage().text()).isEqualTo(first);
    assertThat(hot.chat(short8).aiMessage().text()).isNotEqualTo(first);
  }

  @Test
  void samplingParametersChangeTheAnswer() {
    LoraChatModel plain = greedy().maxOutputTokens(24).build();
    String expected = plain.chat("Tell me");

    assertThat(plain.chat(request(p -> p.topK(1).temperature(2.0))).aiMessage().text())
        .isEqualTo(expected);
    assertThat(plain.chat(request(p -> p.frequencyPenalty(2.0).presencePenalty(2.0))))
        .extracting(response -> response.aiMessage().text())
        .isNotEqualTo(expected);
    assertThat(plain.chat(request(p -> p.repetitionPenalty(5))).aiMessage().text())
        .isNotEqualTo(expected);
    assertThat(plain.chat(request(p -> p.minP(1).temperature(2.0))).aiMessage().text())
        .isEqualTo(expected);
  }

  @Test
  void aStopStringEndsTheAnswer() {
    String whole = answer("base");
    String stop = whole.substring(3, 5);

    ChatResponse stopped = greedy().build().chat(request(p -> p.stopSequences(stop)));

    assertThat(stopped.aiMessage().text()).isEqualTo(whole.substring(0, whole.indexOf(stop)));
    assertThat(stopped.finishReason()).isEqualTo(FinishReason.STOP);
  }

  // ---- messages ----

  @Test
  void toolCallsAndTheirResultsReachTheChatTemplate() {
    ToolExecutionRequest call =
        ToolExecutionRequest.builder().id("7").name("add").arguments("{\"a\": 1}").build();

    List<Message> messages =
        PromptMessages.of(
            List.of(
                SystemMessage.from("Be brief"),
                UserMessage.from("ann", "1 + 1?"),
                AiMessage.from(call),
                ToolExecutionResultMessage.from(call, "2")));

    Map<String, Object> function = Map.of("name", "add", "arguments", Map.of("a", 1));
    List<?> calls = List.of(Map.of("id", "7", "type", "function", "function", function));
    assertThat(messages)
        .containsExactly(
            Message.system("Be brief"),
            new Message(Map.of("role", "user", "name", "ann", "content", "1 + 1?")),
            new Message(Map.of("role", "assistant", "content", "", "tool_calls", calls)),
            new Message(
                Map.of("role", "tool", "name", "add", "tool_call_id", "7", "content", "2")));
  }

  // ---- mistakes and limits ----

  @Test
  void wrongRequestsAreLangChain4jsExceptions() {
    LoraChatModel chat = greedy().build();

    assertThatThrownBy(() -> chat.chat(request(p -> p.modelName("tenant"))))
        .isInstanceOf(ModelNotFoundException.class)
        .hasMessageContaining("tenant0");
    assertThatThrownBy(() -> chat.chat("long ".repeat(300)))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("192");
    assertThatThrownBy(() -> chat.chat(request(p -> p.topP(1.5))))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("top_p");
    assertThatThrownBy(() -> chat.chat(request(p -> p.maxOutputTokens(0))))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("maxOutputTokens");
  }

  @Test
  void aFullQueueIsARateLimit() {
    try (LoraEngine small =
        LoraEngine.builder()
            .model(model)
            .limits(ServingLimits.defaults().maxBatch(1).maxQueue(1))
            .build()) {
      LoraStreamingChatModel chat =
          LoraStreamingChatModel.builder().engine(small).maxOutputTokens(100).build();
      List<CompletableFuture<ChatResponse>> answers =
          IntStream.range(0, 12).mapToObj(i -> answer(chat)).toList();

      assertThat(answers)
          .anySatisfy(
              answer ->
                  assertThat(answer)
                      .failsWithin(1, TimeUnit.MINUTES)
                      .withThrowableThat()
                      .withCauseInstanceOf(RateLimitException.class));
    }
  }

  private static CompletableFuture<ChatResponse> answer(LoraStreamingChatModel chat) {
    CompletableFuture<ChatResponse> answer = new CompletableFuture<>();
    chat.chat(
        "Tell me",
        new StreamingChatResponseHandler() {
          @Override
          public void onCompleteResponse(ChatResponse response) {
            answer.complete(response);
          }

          @Override
          public void onError(Throwable error) {
            answer.completeExceptionally(error);
          }
        });
    return answer;
  }

  @Test
  void aBlockedHandlerDelaysNoOtherRequest() {
    CompletableFuture<Void> released = new CompletableFuture<>();
    List<String> parts = new ArrayList<>();
    CompletableFuture<ChatResponse> slow = new CompletableFuture<>();
    ChatRequestParameters few = LoraChatRequestParameters.builder().maxOutputTokens(8).build();
    LoraStreamingChatModel.builder()
        .engine(engine)
        .defaultRequestParameters(few)
        .build()
        .chat(
            "Tell me",
            new StreamingChatResponseHandler() {
              @Override
              public void onPartialResponse(String part) {
                released.join();
                parts.add(part);
              }

              @Override
              public void onCompleteResponse(ChatResponse response) {
                slow.complete(response);
              }

              @Override
              public void onError(Throwable error) {
                slow.completeExceptionally(error);
              }
            });

    assertThat(answer("tenant0")).isNotEmpty();
    assertThat(slow).isNotDone();

    released.complete(null);
    assertThat(slow.orTimeout(1, TimeUnit.MINUTES).join().aiMessage().text())
        .isEqualTo(String.join("", parts));
  }

  @Test
  void anInterruptedThreadStopsItsGeneration() throws InterruptedException {
    LoraChatModel chat = LoraChatModel.builder().engine(engine).maxOutputTokens(150).build();
    CompletableFuture<Throwable> failure = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              Thread.currentThread().interrupt();
              try {
                chat.chat("Tell me");
                failure.completeExceptionally(new AssertionError("not interrupted"));
              } catch (LangChain4jException e) {
                failure.complete(e);
              }
            });

    thread.start();

    assertThat(failure.orTimeout(1, TimeUnit.MINUTES).join()).hasMessageContaining("interrupted");
    BatchScheduler scheduler = engine.inference().scheduler();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (scheduler.running() + scheduler.waiting() > 0) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.sleep(5);
    }
  }
}

package dev.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonRawSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.request.json.JsonSchemaElement;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.lora4j.llm.chat.SavedTextModel;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tools and JSON with a random model: the form of its answers comes from the grammar alone. */
class ToolsAndJsonTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final JsonObjectSchema LEVEL =
      JsonObjectSchema.builder()
          .addEnumProperty("level", List.of("low", "high"))
          .required("level")
          .build();
  private static final ToolSpecification ALARM =
      ToolSpecification.builder().name("alarm").parameters(LEVEL).build();
  private static final ToolSpecification STOP = ToolSpecification.builder().name("stop").build();

  @TempDir static Path directory;
  private static LoraEngine engine;

  @BeforeAll
  static void open() {
    engine = LoraEngine.builder().model(ToolModel.in(directory.resolve("model"))).build();
  }

  @AfterAll
  static void close() {
    engine.close();
  }

  private static ChatResponse answer(
      LoraEngine engine, UnaryOperator<LoraChatRequestParameters.Builder> parameters) {
    LoraChatRequestParameters.Builder all =
        LoraChatRequestParameters.builder().seed(5).maxOutputTokens(200);
    return LoraChatModel.builder()
        .engine(engine)
        .build()
        .chat(
            ChatRequest.builder()
                .messages(UserMessage.from("Hi"))
                .parameters(parameters.apply(all).build())
                .build());
  }

  private static ResponseFormat json(JsonSchemaElement schema) {
    return ResponseFormat.builder()
        .type(ResponseFormatType.JSON)
        .jsonSchema(JsonSchema.builder().name("answer").rootElement(schema).build())
        .build();
  }

  private static void assertLevel(String json) throws JsonProcessingException {
    JsonNode value = JSON.readTree(json);
    assertThat(value.path("level").asText()).isIn("low", "high");
    assertThat(value).hasSize(1);
  }

  @Test
  void aRequiredCallHasValidArgumentsAndNoText() throws JsonProcessingException {
    ChatResponse response =
        answer(engine, p -> p.toolSpecifications(ALARM).toolChoice(ToolChoice.REQUIRED));

    AiMessage message = response.aiMessage();
    assertThat(response.finishReason()).isIn(FinishReason.TOOL_EXECUTION, FinishReason.LENGTH);
    assertThat(message.text()).isNull();
    assertThat(message.toolExecutionRequests()).isNotEmpty();
    for (ToolExecutionRequest call : message.toolExecutionRequests()) {
      assertThat(call.name()).isEqualTo("alarm");
      assertThat(call.id()).startsWith("call_");
      assertLevel(call.arguments());
    }
  }

  @Test
  void withoutToolChoiceNoneTheTemplateHasTheTools() {
    int plain = answer(engine, p -> p).tokenUsage().inputTokenCount();

    ChatResponse none =
        answer(engine, p -> p.toolSpecifications(ALARM, STOP).toolChoice(ToolChoice.NONE));
    ChatResponse auto = answer(engine, p -> p.toolSpecifications(ALARM, STOP));

    assertThat(none.tokenUsage().inputTokenCount()).isEqualTo(plain);
    assertThat(none.aiMessage().hasToolExecutionRequests()).isFalse();
    assertThat(auto.tokenUsage().inputTokenCount()).isGreaterThan(plain);
  }

  @Test
  void jsonIsValidForTheSchemaAndHasNoOtherProperties() throws JsonProcessingException {
    assertLevel(answer(engine, p -> p.responseFormat(json(LEVEL))).aiMessage().text());
  }

  @Test
  void withToolsTheAnswerIsACallOrTheJson() throws JsonProcessingException {
    for (int seed = 0; seed < 4; seed++) {
      int each = seed;
      AiMessage message =
          answer(engine, p -> p.seed(each).toolSpecifications(ALARM).responseFormat(json(LEVEL)))
              .aiMessage();
      assertLevel(
          message.hasToolExecutionRequests()
              ? message.toolExecutionRequests().get(0).arguments()
              : message.text());
    }
  }

  @Test
  void wrongToolsAndSchemasAreRefusedByName() {
    ToolSpecification spaced = ToolSpecification.builder().name("a b").build();
    assertThatThrownBy(() -> answer(engine, p -> p.toolSpecifications(spaced)))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("'a b'");
    assertThatThrownBy(() -> answer(engine, p -> p.toolChoice(ToolChoice.REQUIRED)))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("toolSpecifications");
    JsonRawSchema raw = JsonRawSchema.from("{\"type\": \"object\", \"minProperties\": 2}");
    assertThatThrownBy(() -> answer(engine, p -> p.responseFormat(json(raw))))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("minProperties");
    Path plain = SavedTextModel.chatty(directory.resolve("plain"));
    try (LoraEngine other = LoraEngine.builder().model(plain).build()) {
      assertThatThrownBy(() -> answer(other, p -> p.toolSpecifications(ALARM)))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("chat template");
    }
  }
}

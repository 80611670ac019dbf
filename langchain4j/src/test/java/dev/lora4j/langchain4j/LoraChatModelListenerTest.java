package dev.lora4j.langchain4j;

import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.common.AbstractChatModelListenerIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** LangChain4j's test kit for the listeners of chat models. */
class LoraChatModelListenerTest extends AbstractChatModelListenerIT {
  private static LoraEngine engine;

  @BeforeAll
  static void open(@TempDir Path directory) {
    Path model = ToolModel.in(directory.resolve("model"));
    engine = LoraEngine.builder().model(model).build();
  }

  @AfterAll
  static void close() {
    engine.close();
  }

  private LoraChatModel.Builder model(ChatModelListener listener) {
    return LoraChatModel.builder()
        .engine(engine)
        .defaultRequestParameters(
            LoraChatRequestParameters.builder().topP(topP()).maxOutputTokens(maxTokens()).build())
        .temperature(temperature())
        .listeners(List.of(listener));
  }

  @Override
  protected ChatModel createModel(ChatModelListener listener) {
    return model(listener).build();
  }

  @Override
  protected ChatModel createFailingModel(ChatModelListener listener) {
    return model(listener).modelName("unknown").build();
  }

  @Override
  protected String modelName() {
    return "model";
  }

  @Override
  protected Class<? extends Exception> expectedExceptionClass() {
    return ModelNotFoundException.class;
  }
}

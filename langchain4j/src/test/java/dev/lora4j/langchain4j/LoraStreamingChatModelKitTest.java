package dev.lora4j.langchain4j;

import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.common.AbstractStreamingChatModelIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** LangChain4j's test kit for streaming chat models. */
class LoraStreamingChatModelKitTest extends AbstractStreamingChatModelIT {
  private LoraEngine engine;

  @BeforeAll
  void open(@TempDir Path directory) {
    engine = TaughtModel.in(directory).engine();
  }

  @AfterAll
  void close() {
    engine.close();
  }

  private LoraStreamingChatModel.Builder model() {
    return LoraStreamingChatModel.builder()
        .engine(engine)
        .modelName(TaughtModel.NAME)
        .temperature(0);
  }

  @Override
  protected List<StreamingChatModel> models() {
    return List.of(model().build());
  }

  @Override
  protected StreamingChatModel createModelWith(ChatRequestParameters parameters) {
    return model().defaultRequestParameters(parameters).build();
  }

  @Override
  public StreamingChatModel createModelWith(ChatModelListener listener) {
    return model().listeners(List.of(listener)).build();
  }

  @Override
  protected String customModelName() {
    return TaughtModel.BASE;
  }

  @Override
  protected ChatRequestParameters createIntegrationSpecificParameters(int maxOutputTokens) {
    return LoraChatRequestParameters.builder().maxOutputTokens(maxOutputTokens).build();
  }

  // ---- what the engine does not have; the kit then tests that it is refused ----

  @Override
  protected boolean supportsTools() {
    return false;
  }

  @Override
  protected boolean supportsToolChoiceRequired() {
    return false;
  }

  @Override
  protected boolean supportsJsonResponseFormat() {
    return false;
  }

  @Override
  protected boolean supportsJsonResponseFormatWithSchema() {
    return false;
  }

  @Override
  protected boolean supportsJsonResponseFormatWithRawSchema() {
    return false;
  }

  @Override
  protected boolean supportsSingleImageInputAsBase64EncodedString() {
    return false;
  }

  @Override
  protected boolean supportsSingleImageInputAsPublicURL() {
    return false;
  }
}

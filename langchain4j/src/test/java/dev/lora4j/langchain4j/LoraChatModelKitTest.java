package dev.lora4j.langchain4j;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.common.AbstractChatModelIT;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/**
 * LangChain4j's test kit for chat models. Images are off, because the engine reads text only; the
 * kit then tests that they are refused.
 */
class LoraChatModelKitTest extends AbstractChatModelIT {
  private LoraEngine engine;

  @BeforeAll
  void open(@TempDir Path directory) {
    engine = TaughtModel.in(directory).engine();
  }

  @AfterAll
  void close() {
    engine.close();
  }

  private LoraChatModel.Builder model() {
    return LoraChatModel.builder().engine(engine).modelName(TaughtModel.NAME).temperature(0);
  }

  @Override
  protected List<ChatModel> models() {
    return List.of(model().build());
  }

  @Override
  protected ChatModel createModelWith(ChatRequestParameters parameters) {
    return model().defaultRequestParameters(parameters).build();
  }

  @Override
  protected String customModelName() {
    return TaughtModel.BASE;
  }

  @Override
  protected ChatRequestParameters createIntegrationSpecificParameters(int maxOutputTokens) {
    return LoraChatRequestParameters.builder().maxOutputTokens(maxOutputTokens).build();
  }

  // ---- images ----

  @Override
  protected boolean supportsSingleImageInputAsBase64EncodedString() {
    return false;
  }

  @Override
  protected boolean supportsSingleImageInputAsPublicURL() {
    return false;
  }
}

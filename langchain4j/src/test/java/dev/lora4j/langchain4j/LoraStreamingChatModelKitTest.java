package dev.lora4j.langchain4j;

import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.eq;

import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.common.AbstractStreamingChatModelIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.mockito.InOrder;

/**
 * LangChain4j's test kit for streaming chat models. Images are off, because the engine reads text
 * only; the kit then tests that they are refused.
 */
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

  // ---- each call comes whole ----

  private static void verifyCall(
      StreamingChatResponseHandler handler,
      InOrder order,
      int index,
      String id,
      String tool,
      String arguments) {
    order.verify(handler).onPartialToolCall(eq(partial(index, id, tool, arguments)), any());
    order.verify(handler).onCompleteToolCall(complete(index, id, tool, arguments));
  }

  @Override
  protected void verifyToolCallbacks(
      StreamingChatResponseHandler handler, InOrder order, String id) {
    verifyCall(handler, order, 0, id, "getWeather", "{\"city\":\"Munich\"}");
  }

  @Override
  protected void verifyToolCallbacks(
      StreamingChatResponseHandler handler, InOrder order, String first, String second) {
    verifyToolCallbacks(handler, order, first);
    verifyCall(handler, order, 1, second, "getTime", "{\"country\":\"France\"}");
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

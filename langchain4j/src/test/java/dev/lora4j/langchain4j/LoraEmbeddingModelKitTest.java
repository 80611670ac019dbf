package dev.lora4j.langchain4j;

import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.common.AbstractEmbeddingModelIT;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** LangChain4j's test kit for embedding models, on a small model of sentence-transformers. */
class LoraEmbeddingModelKitTest extends AbstractEmbeddingModelIT {
  static final Path MODEL = Path.of("..", "llm", "src/test/resources/fixtures/embedding/last");

  private static LoraEngine engine;

  @BeforeAll
  static void open() {
    engine = LoraEngine.builder().model(MODEL).build();
  }

  @AfterAll
  static void close() {
    engine.close();
  }

  private static LoraEmbeddingModel.Builder model() {
    return LoraEmbeddingModel.builder().engine(engine);
  }

  @Override
  protected List<EmbeddingModel> models() {
    return List.of(model().build());
  }

  @Override
  protected EmbeddingModel modelWith(EmbeddingModelListener listener) {
    return model().listeners(List.of(listener)).build();
  }

  @Override
  protected EmbeddingModel failingModelWith(EmbeddingModelListener listener) {
    return model().modelName("unknown").listeners(List.of(listener)).build();
  }

  @Override
  protected boolean supportsDimensionsParameter() {
    return true;
  }

  @Override
  protected int dimensionsParameter() {
    return 8;
  }

  // ---- what sentence-transformers' models of text do not have ----

  @Override
  protected boolean supportsInputTypeParameter() {
    return false;
  }

  @Override
  protected boolean supportsImageInput() {
    return false;
  }
}

package dev.lora4j.spark.inference;

import dev.lora4j.llm.embedding.Embedder;
import dev.lora4j.llm.embedding.EmbeddingOptions;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.LoraModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Embeds texts. */
record EmbeddingModel(Embedder embedder) implements RowModel {
  static EmbeddingModel open(ModelSpec spec, Path base, int threads) {
    Embedder embedder = Embedder.open(base, threads, WeightStorage.asStored());
    try {
      spec.adapters().forEach((name, path) -> embedder.load(name, Path.of(path)));
      return new EmbeddingModel(embedder);
    } catch (RuntimeException e) {
      embedder.close();
      throw e;
    }
  }

  @Override
  public List<Object> outputs(List<TextInput> rows) {
    List<String> texts = rows.stream().map(TextInput::text).toList();
    List<String> adapters = rows.stream().map(row -> named(row.adapter())).toList();
    return new ArrayList<>(embedder.embed(texts, adapters, EmbeddingOptions.standard()));
  }

  /** The library's name of an adapter or the base. */
  static String named(String adapter) {
    return adapter.equals(TextInput.BASE) ? LoraModel.BASE : adapter;
  }

  @Override
  public void close() {
    embedder.close();
  }
}

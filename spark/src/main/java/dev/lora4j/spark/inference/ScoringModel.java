package dev.lora4j.spark.inference;

import dev.lora4j.UserError;
import dev.lora4j.llm.embedding.Reranker;
import dev.lora4j.llm.embedding.TextPair;
import dev.lora4j.llm.weights.WeightStorage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Scores the relevance of documents to queries. */
record ScoringModel(Reranker reranker) implements RowModel {
  static ScoringModel open(ModelSpec spec, Path base, int threads) {
    Reranker reranker = Reranker.open(base, threads, WeightStorage.asStored());
    try {
      spec.adapters().forEach((name, path) -> reranker.load(name, Path.of(path)));
      return new ScoringModel(reranker);
    } catch (RuntimeException e) {
      reranker.close();
      throw e;
    }
  }

  @Override
  public List<Object> outputs(List<TextInput> rows) {
    List<TextPair> pairs = rows.stream().map(row -> new TextPair(row.text(), second(row))).toList();
    List<String> adapters = rows.stream().map(row -> EmbeddingModel.named(row.adapter())).toList();
    List<Object> scores = new ArrayList<>();
    for (float score : reranker.score(pairs, adapters, Optional.empty())) {
      scores.add(score);
    }
    return scores;
  }

  private static String second(TextInput row) {
    return row.second()
        .orElseThrow(
            () -> new UserError("a score needs two texts; set the second column (secondCol)"));
  }

  @Override
  public void close() {
    reranker.close();
  }
}

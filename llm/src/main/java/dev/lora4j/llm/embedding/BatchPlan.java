package dev.lora4j.llm.embedding;

import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.nn.runtime.CostModel;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Texts dealt into batches of similar lengths, longest first, so that the threads that take one
 * after the other end at the same time.
 */
final class BatchPlan {

  /**
   * Some of the texts.
   *
   * @param texts their indices
   */
  record Batch(List<Integer> texts) {
    <T> List<T> of(List<T> all) {
      return texts.stream().map(all::get).toList();
    }
  }

  private BatchPlan() {}

  /**
   * Deals texts into batches.
   *
   * @param adapters the adapter of each text; each batch has one of them. Empty if batches may mix
   *     them.
   * @param threads number of threads, each of which is to get some batches
   */
  static List<Batch> of(List<TokenSequence> texts, List<String> adapters, int threads) {
    long limit = tokensOfBatch(texts, threads);
    Comparator<Integer> byLength = Comparator.comparingInt(i -> -texts.get(i).length());
    Comparator<Integer> order =
        adapters.isEmpty()
            ? byLength
            : Comparator.comparing((Integer i) -> adapters.get(i)).thenComparing(byLength);
    List<Batch> batches = new ArrayList<>();
    List<Integer> batch = new ArrayList<>();
    int tokens = 0;
    for (int i : IntStream.range(0, texts.size()).boxed().sorted(order).toList()) {
      int length = texts.get(i).length();
      boolean other =
          !batch.isEmpty()
              && !adapters.isEmpty()
              && !adapters.get(i).equals(adapters.get(batch.get(0)));
      if (other || (!batch.isEmpty() && tokens + length > limit)) {
        batches.add(new Batch(List.copyOf(batch)));
        batch.clear();
        tokens = 0;
      }
      batch.add(i);
      tokens += length;
    }
    if (!batch.isEmpty()) {
      batches.add(new Batch(List.copyOf(batch)));
    }
    return batches;
  }

  private static long tokensOfBatch(List<TokenSequence> texts, int threads) {
    long all = texts.stream().mapToLong(TokenSequence::length).sum();
    long share = threads == 1 ? all : all / (2L * threads);
    return Math.max(
        CostModel.ENCODER_BATCH_MIN_TOKENS, Math.min(share, CostModel.ENCODER_BATCH_TOKENS));
  }
}

package dev.lora4j.llm.merge;

import dev.lora4j.lora.format.StoredAdapter;
import java.util.IntSummaryStatistics;
import org.bytedeco.pytorch.Tensor;

/**
 * The size of a combined adapter.
 *
 * @param layers the number of adapted layers
 * @param smallestRank the smallest rank
 * @param largestRank the largest rank
 * @param numbers the parameters of A and B
 * @param bytes their size on disk
 */
public record CombineSummary(
    int layers, int smallestRank, int largestRank, long numbers, long bytes) {

  static CombineSummary of(StoredAdapter adapter) {
    IntSummaryStatistics ranks =
        adapter.paths().stream()
            .mapToInt(path -> adapter.config().rankAt(path))
            .summaryStatistics();
    return new CombineSummary(
        (int) ranks.getCount(),
        ranks.getMin(),
        ranks.getMax(),
        adapter.tensors().values().stream().mapToLong(Tensor::numel).sum(),
        adapter.tensors().values().stream().mapToLong(Tensor::nbytes).sum());
  }
}

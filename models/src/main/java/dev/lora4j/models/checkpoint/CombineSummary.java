package dev.lora4j.models.checkpoint;

import dev.lora4j.lora.StoredAdapter;
import java.util.IntSummaryStatistics;
import org.bytedeco.pytorch.Tensor;

/**
 * What a combined adapter is.
 *
 * @param layers how many layers it adapts
 * @param smallestRank the smallest rank of a layer
 * @param largestRank the largest one
 * @param numbers how many numbers A and B have
 * @param bytes what these take on disk
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

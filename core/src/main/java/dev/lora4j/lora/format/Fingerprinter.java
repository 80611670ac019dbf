package dev.lora4j.lora.format;

import dev.lora4j.lora.merge.MergeJournal;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.runtime.ParallelLoop;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Computes a base's fingerprint, on all cores, and caches it until the base changes. Adapters do
 * not affect it, merged or not.
 */
public final class Fingerprinter {
  private final MergeJournal journal;
  private List<Seen> last = List.of();
  private @Nullable BaseFingerprint kept;
  private @Nullable BaseFingerprint keptRounded;

  /** A tensor, identified by its native address, and the version of its parameter. */
  private record Seen(Tensor tensor, long version) {}

  public Fingerprinter(MergeJournal journal) {
    this.journal = journal;
  }

  public synchronized BaseFingerprint of(Module base) {
    Map<String, BaseTensor> tensors = BaseTensor.of(base, journal::before);
    List<Seen> now =
        tensors.values().stream()
            .flatMap(tensor -> tensor.parameters().stream())
            .map(p -> new Seen(journal.before(p), p.version()))
            .toList();
    BaseFingerprint fingerprint = kept;
    if (fingerprint == null || !now.equals(last)) {
      fingerprint = BaseFingerprint.of(lines(tensors));
      kept = fingerprint;
      keptRounded = null;
      last = now;
    }
    return fingerprint;
  }

  /** Computes the fingerprint with the digests of rounded values. */
  public synchronized BaseFingerprint rounded(Module base) {
    BaseFingerprint exact = of(base);
    BaseFingerprint fingerprint = keptRounded;
    if (fingerprint == null) {
      SortedMap<String, String> digests = new ConcurrentSkipListMap<>();
      ParallelLoop.forEach(
          BaseTensor.of(base, journal::before).entrySet(),
          e -> digests.put(e.getKey(), rounded(e.getValue())));
      digests.values().removeIf(String::isEmpty);
      fingerprint = exact.withRounded(digests);
      keptRounded = fingerprint;
    }
    return fingerprint;
  }

  /** Returns the base as a comparison sees it. */
  public BaseFingerprint.Present present(Module base) {
    return new BaseFingerprint.Present() {
      @Override
      public BaseFingerprint exact() {
        return of(base);
      }

      @Override
      public BaseFingerprint rounded() {
        return Fingerprinter.this.rounded(base);
      }
    };
  }

  /** Computes the digests of a tensor's values in F16 and in BF16; empty for integers. */
  private static String rounded(BaseTensor tensor) {
    return tensor.isFloating()
        ? Stream.of(ScalarType.Half, ScalarType.BFloat16)
            .map(tensor::rounded)
            .map(BaseFingerprint::start)
            .collect(Collectors.joining(" "))
        : "";
  }

  /** Computes the digests of the unmerged tensors. */
  private static SortedMap<String, BaseFingerprint.Line> lines(Map<String, BaseTensor> tensors) {
    SortedMap<String, BaseFingerprint.Line> lines = new ConcurrentSkipListMap<>();
    ParallelLoop.forEach(
        tensors.entrySet(),
        e ->
            lines.put(
                e.getKey(), new BaseFingerprint.Line(e.getValue().kind(), e.getValue().digest())));
    return lines;
  }
}

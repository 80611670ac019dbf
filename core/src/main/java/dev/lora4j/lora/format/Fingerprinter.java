package dev.lora4j.lora.format;

import dev.lora4j.io.DType;
import dev.lora4j.io.TensorDigest;
import dev.lora4j.lora.layer.BaseModules;
import dev.lora4j.lora.merge.MergeJournal;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.ParallelLoop;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
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
    Map<String, Parameter> parameters = parameters(base);
    List<Seen> now =
        parameters.values().stream().map(p -> new Seen(journal.before(p), p.version())).toList();
    BaseFingerprint fingerprint = kept;
    if (fingerprint == null || !now.equals(last)) {
      fingerprint = BaseFingerprint.of(lines(parameters));
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
          parameters(base).entrySet(),
          e -> digests.put(e.getKey(), rounded(journal.before(e.getValue()))));
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
  private static String rounded(Tensor tensor) {
    if (!tensor.is_floating_point()) {
      return "";
    }
    try (PointerScope scope = new PointerScope()) {
      return Stream.of(ScalarType.Half, ScalarType.BFloat16)
          .map(narrow -> TensorDigest.of(tensor.detach().to(narrow)))
          .map(BaseFingerprint::start)
          .collect(Collectors.joining(" "));
    }
  }

  /** Returns the base's own parameters by name; a shared one once. */
  private static Map<String, Parameter> parameters(Module base) {
    Set<Parameter> seen = new HashSet<>();
    Map<String, Parameter> parameters = BaseModules.parameters(base);
    parameters.values().removeIf(parameter -> !seen.add(parameter.first()));
    return parameters;
  }

  /** Computes the digests of the unmerged parameters. */
  private SortedMap<String, BaseFingerprint.Line> lines(Map<String, Parameter> parameters) {
    SortedMap<String, BaseFingerprint.Line> lines = new ConcurrentSkipListMap<>();
    ParallelLoop.forEach(
        parameters.entrySet(), e -> lines.put(e.getKey(), line(journal.before(e.getValue()))));
    return lines;
  }

  /**
   * Computes a tensor's digest. Narrower floats are widened to float32, so that a base has one
   * fingerprint in any dtype.
   */
  private static BaseFingerprint.Line line(Tensor tensor) {
    try (PointerScope scope = new PointerScope()) {
      boolean narrow = tensor.is_floating_point() && tensor.element_size() < Float.BYTES;
      Tensor numbers = narrow ? tensor.detach().to(ScalarType.Float) : tensor;
      String dtype =
          DType.of(numbers.scalar_type())
              .map(Enum::name)
              .orElseGet(() -> numbers.dtype().toString());
      return new BaseFingerprint.Line(dtype + Ops.shapeOf(numbers), TensorDigest.of(numbers));
    }
  }
}

package dev.lora4j.lora;

import dev.lora4j.io.DType;
import dev.lora4j.io.TensorDigest;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Takes a base's fingerprint, on all cores, and keeps it until the base changes. Adapters have no
 * part in it, merged or not.
 */
final class Fingerprinter {
  private final MergeJournal journal;
  private List<Seen> last = List.of();
  private @Nullable BaseFingerprint kept;

  /**
   * A tensor, told by its native address, as it was: libtorch counts how often it was written to.
   */
  private record Seen(Tensor tensor, long version) {}

  Fingerprinter(MergeJournal journal) {
    this.journal = journal;
  }

  synchronized BaseFingerprint of(Module base) {
    Map<String, Tensor> tensors = tensors(base);
    List<Seen> now =
        tensors.values().stream().map(tensor -> new Seen(tensor, tensor._version())).toList();
    BaseFingerprint fingerprint = kept;
    if (fingerprint == null || !now.equals(last)) {
      fingerprint = BaseFingerprint.of(lines(tensors));
      kept = fingerprint;
      last = now;
    }
    return fingerprint;
  }

  /** The base's own tensors by name, as they are without what is merged; a shared one once. */
  private Map<String, Tensor> tensors(Module base) {
    Map<String, Module> modules = new LinkedHashMap<>();
    modules.put("", base);
    modules.putAll(Planner.originalModules(base));
    Set<Parameter> seen = new HashSet<>();
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    modules.forEach(
        (path, module) ->
            module
                .ownParameters()
                .forEach(
                    (name, parameter) -> {
                      if (seen.add(parameter)) {
                        tensors.put(
                            path.isEmpty() ? name : path + "." + name, journal.before(parameter));
                      }
                    }));
    return tensors;
  }

  private static SortedMap<String, BaseFingerprint.Line> lines(Map<String, Tensor> tensors) {
    SortedMap<String, BaseFingerprint.Line> lines = new ConcurrentSkipListMap<>();
    tensors.entrySet().parallelStream().forEach(e -> lines.put(e.getKey(), line(e.getValue())));
    return lines;
  }

  private static BaseFingerprint.Line line(Tensor tensor) {
    String dtype =
        DType.of(tensor.scalar_type()).map(Enum::name).orElseGet(() -> tensor.dtype().toString());
    return new BaseFingerprint.Line(dtype + Ops.shapeOf(tensor), TensorDigest.of(tensor));
  }
}

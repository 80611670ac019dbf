package dev.lora4j.llm.merge;

import dev.lora4j.UserError;
import dev.lora4j.io.AtomicDirectory;
import dev.lora4j.io.DType;
import dev.lora4j.llm.checkpoint.Checkpoint;
import dev.lora4j.llm.checkpoint.WeightsOnly;
import dev.lora4j.lora.StoredCombination;
import dev.lora4j.lora.combine.Combination;
import dev.lora4j.lora.combine.WeightedAdapter;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.lora.format.PeftAdapter;
import dev.lora4j.lora.format.StoredAdapter;
import dev.lora4j.nn.runtime.Engine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;

/**
 * Combines several saved adapters, by directory and weight, into one. Only their A and B matrices
 * are needed; with a base, the adapters are checked against it and the config keeps their own
 * target names: {@code CombineJob.of(weights, Combination.cat()).write(Path.of("both"))}.
 *
 * @param base a weight file or Hugging Face directory to check the adapters against
 * @param check whether all adapters must record the same base, and the given one
 */
public record CombineJob(
    Map<Path, Double> weights, Combination how, Optional<Path> base, BaseCheck check, DType dtype) {

  public CombineJob {
    if (weights.isEmpty()) {
      throw new UserError("there is no adapter to combine");
    }
  }

  /** Returns a job without a base that writes F32. */
  public static CombineJob of(Map<Path, Double> weights, Combination how) {
    return new CombineJob(
        weights, how, Optional.empty(), BaseCheck.SAME_WHERE_BOTH_HAVE, DType.F32);
  }

  /** Returns the same job, checked against a base. */
  public CombineJob on(Path base) {
    return new CombineJob(weights, how, Optional.of(base), check, dtype);
  }

  public CombineJob checking(BaseCheck check) {
    return new CombineJob(weights, how, base, check, dtype);
  }

  public CombineJob as(DType dtype) {
    return new CombineJob(weights, how, base, check, dtype);
  }

  /**
   * Writes the combined adapter in PEFT's format.
   *
   * @param out a new or empty directory
   * @throws UserError if the adapters can't be combined this way, or do not fit the base
   */
  public CombineSummary write(Path out) {
    AtomicDirectory.requireFree(out);
    Engine.start();
    try (PointerScope scope = new PointerScope()) {
      StoredAdapter combined = combined(read()).to(dtype);
      AtomicDirectory.write(out, directory -> PeftAdapter.write(combined, directory));
      return CombineSummary.of(combined);
    }
  }

  private StoredAdapter combined(List<WeightedAdapter> adapters) {
    if (base.isEmpty()) {
      return StoredCombination.of(adapters, how, check);
    }
    List<StoredAdapter> stored = adapters.stream().map(WeightedAdapter::adapter).toList();
    try (Checkpoint checkpoint = Checkpoint.open(base.get());
        WeightsOnly network = AdaptedCheckpoint.of(checkpoint, stored).network()) {
      return StoredCombination.of(adapters, how, check, network);
    }
  }

  private List<WeightedAdapter> read() {
    List<WeightedAdapter> adapters = new ArrayList<>();
    Set<String> names = new HashSet<>();
    weights.forEach(
        (path, weight) -> {
          String name = name(path);
          String free = names.add(name) ? name : name + "-" + (adapters.size() + 1);
          names.add(free);
          adapters.add(
              new WeightedAdapter(free, StoredAdapter.read(path).requireFinite(path), weight));
        });
    return adapters;
  }

  /** Returns the name of the directory as a valid adapter name. */
  private static String name(Path path) {
    String own = String.valueOf(path.toAbsolutePath().normalize().getFileName());
    String name = own.replaceAll("[^A-Za-z0-9_-]", "-");
    return Set.of("pretrained", "A", "B", "").contains(name) ? "adapter-" + name : name;
  }
}

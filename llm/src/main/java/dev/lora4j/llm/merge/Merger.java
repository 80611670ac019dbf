package dev.lora4j.llm.merge;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.FiniteValues;
import dev.lora4j.io.TensorForm;
import dev.lora4j.io.TensorSource;
import dev.lora4j.llm.checkpoint.Checkpoint;
import dev.lora4j.llm.checkpoint.ModelConfig;
import dev.lora4j.llm.checkpoint.WeightsOnly;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.lora.format.SeparateExperts;
import dev.lora4j.lora.format.StoredAdapter;
import dev.lora4j.nn.runtime.Engine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Runs a {@link MergeJob}. */
final class Merger {
  private final MergeJob job;
  private final MergeJob.Direction direction;
  private final List<MergeSummary.Change> changes = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  Merger(MergeJob job, MergeJob.Direction direction) {
    this.job = job;
    this.direction = direction;
  }

  MergeSummary write(Path out) {
    CheckpointOutput.requireFree(out);
    Engine.start();
    try (PointerScope scope = new PointerScope();
        Checkpoint base = Checkpoint.open(job.base())) {
      refuseQuantized(base);
      Map<Path, StoredAdapter> adapters = read(WeightsOnly.modulePaths(base));
      AdaptedCheckpoint adapted = AdaptedCheckpoint.of(base, List.copyOf(adapters.values()));
      if (adapted.naming().renames()) {
        notes.add(adapted.naming().describe() + ": treated as the same");
      }
      try (WeightsOnly network = adapted.network()) {
        LoraModel model = Lora.base(network);
        adapters.forEach((path, adapter) -> load(model, path, adapter));
        model.activate(model.adapterNames().toArray(String[]::new));
        Map<String, Supplier<Tensor>> merged = model.mergedParameters();
        TiedHead tie = TiedHead.of(network, merged);
        Map<String, TensorSource> tensors = sources(base, network, merged, tie);
        tie.note().ifPresent(notes::add);
        long bytes =
            new CheckpointOutput(base, tensors, job.maxShardBytes(), job.dtype(), tie.isBroken())
                .write(out);
        noteRounding();
        return new MergeSummary(changes, tensors.size(), bytes, notes);
      }
    }
  }

  private static void refuseQuantized(Checkpoint base) {
    base.config()
        .flatMap(ModelConfig::quantization)
        .ifPresent(
            method -> {
              throw new UserError(
                  "%s is quantised (%s), from which nothing can be subtracted: use the base from before the merge"
                      .formatted(base.path(), method));
            });
  }

  private Map<Path, StoredAdapter> read(Set<String> modules) {
    Map<Path, StoredAdapter> adapters = new LinkedHashMap<>();
    for (Path path : job.adapters()) {
      StoredAdapter adapter = SeparateExperts.fitted(StoredAdapter.read(path), modules);
      if (direction == MergeJob.Direction.OUT) {
        Unmergeable.refuse(path, adapter.config());
      }
      if (adapters.put(path, adapter) != null) {
        throw new UserError(path + " is given twice");
      }
    }
    return adapters;
  }

  private void load(LoraModel model, Path path, StoredAdapter adapter) {
    BaseCheck check = direction == MergeJob.Direction.IN ? job.check() : BaseCheck.ANY_BASE;
    try {
      model.load("adapter" + model.adapterNames().size(), adapter, check);
    } catch (UserError e) {
      throw new UserError(
          path + " does not fit the base; 'lora doctor' says why:\n" + e.getMessage(), e);
    }
  }

  // ---- tensors ----

  private Map<String, TensorSource> sources(
      Checkpoint base,
      WeightsOnly network,
      Map<String, Supplier<Tensor>> parameters,
      TiedHead tie) {
    Map<String, Supplier<Tensor>> merged = new LinkedHashMap<>();
    parameters.forEach((path, value) -> merged.put(name(network, path), value));
    if (merged.isEmpty()) {
      throw new UserError("the adapters do not change the base");
    }
    keepTied(base, network, tie, merged);
    LongConsumer progress = job.progress().apply(base.bytes());
    Map<String, TensorSource> sources = new LinkedHashMap<>();
    base.infos()
        .forEach(
            (name, info) -> sources.put(name, source(base, name, name, info, merged, progress)));
    if (tie.isBroken() && !sources.containsKey(WeightsOnly.HEAD_WEIGHT)) {
      String embedding = network.tensor(network.tiedEmbedding().orElseThrow());
      TensorForm info = Objects.requireNonNull(base.infos().get(embedding));
      sources.put(
          WeightsOnly.HEAD_WEIGHT,
          source(base, WeightsOnly.HEAD_WEIGHT, embedding, info, merged, progress));
    }
    return sources;
  }

  /** Copies the embedding to a tied head that is stored separately. */
  private static void keepTied(
      Checkpoint base, WeightsOnly network, TiedHead tie, Map<String, Supplier<Tensor>> merged) {
    if (tie.isBroken() || !base.infos().containsKey(WeightsOnly.HEAD_WEIGHT)) {
      return;
    }
    network
        .tiedEmbedding()
        .map(embedding -> merged.get(name(network, embedding)))
        .ifPresent(value -> merged.put(WeightsOnly.HEAD_WEIGHT, value));
  }

  private static String name(WeightsOnly network, String parameter) {
    return network.hasTensor(parameter) ? network.tensor(parameter) : parameter;
  }

  private TensorSource source(
      Checkpoint base,
      String name,
      String original,
      TensorForm info,
      Map<String, Supplier<Tensor>> merged,
      LongConsumer progress) {
    DType format = info.dtype().isFloating() ? job.dtype().orElse(info.dtype()) : info.dtype();
    Supplier<Tensor> changed = merged.get(name);
    Supplier<Tensor> value =
        changed == null
            ? () -> unchanged(name, base.read(original), format)
            : () -> change(name, base.mapOrRead(original), changed, format);
    return new TensorSource(format, info.shape(), counted(value, info.bytes(), progress));
  }

  private static Tensor unchanged(String name, Tensor tensor, DType format) {
    Tensor written = tensor.to(format.torch());
    if (FiniteValues.areIn(written)) {
      return written;
    }
    if (FiniteValues.areIn(tensor)) {
      throw new UserError(
          name + ": a value is too large for F16; use --dtype BF16 or F32; nothing was written");
    }
    if (!isMask(tensor)) {
      throw new UserError(MeasuredChange.notFiniteInBase(name));
    }
    return written;
  }

  /** Returns whether the only values that are not finite are those of an attention mask. */
  private static boolean isMask(Tensor tensor) {
    return Double.isFinite(tensor.max().item_double());
  }

  private static Supplier<Tensor> counted(
      Supplier<Tensor> value, long bytes, LongConsumer progress) {
    return () -> {
      Tensor tensor = value.get();
      progress.accept(bytes);
      return tensor;
    };
  }

  private Tensor change(String name, Tensor before, Supplier<Tensor> merged, DType format) {
    UnaryOperator<Tensor> inDirection =
        direction == MergeJob.Direction.IN ? after -> after : after -> mirrored(before, after);
    MeasuredChange measured =
        MeasuredChange.of(name, before, inDirection.apply(merged.get()), format);
    changes.add(measured.change());
    return measured.written();
  }

  /** {@code W − ΔW = 2 W − (W + ΔW)}. */
  private static Tensor mirrored(Tensor before, Tensor after) {
    return before.to(ScalarType.Float).mul(new Scalar(2)).sub(after);
  }

  private void noteRounding() {
    if (direction == MergeJob.Direction.OUT) {
      notes.add(
          "not the base bit for bit: the merge rounded each value once, and this rounded it again");
    }
  }
}

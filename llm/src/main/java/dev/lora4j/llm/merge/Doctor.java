package dev.lora4j.llm.merge;

import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.llm.checkpoint.Checkpoint;
import dev.lora4j.llm.checkpoint.ModelConfig;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.checkpoint.UnknownModule;
import dev.lora4j.llm.checkpoint.WeightsOnly;
import dev.lora4j.llm.gguf.GgufModel;
import dev.lora4j.llm.merge.Diagnosis.Finding;
import dev.lora4j.llm.merge.Diagnosis.Severity;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.format.AdapterKind;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.lora.format.FittedAdapter;
import dev.lora4j.lora.format.StoredAdapter;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.runtime.Engine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;

/**
 * Diagnoses why an adapter does not fit a base and proposes a remedy: it checks names, shapes,
 * values and config, and finally tries to load the adapter.
 */
public final class Doctor {
  private static final String COPY_AGAIN = "copy or download the file again";
  private static final int SHOWN = 3;

  private final List<Finding> findings = new ArrayList<>();

  private Doctor() {}

  /**
   * Examines an adapter and a base.
   *
   * @throws UserError if one of them does not exist
   */
  public static Diagnosis examine(Path base, Path adapter) {
    if (!Files.isDirectory(adapter)) {
      AdapterKind.ofDirectory(adapter); // refuses it
    }
    Doctor doctor = new Doctor();
    Engine.start();
    try (PointerScope scope = new PointerScope()) {
      doctor.check(base, adapter);
    }
    doctor.findings.sort(Comparator.comparing(Finding::severity));
    return new Diagnosis(doctor.findings);
  }

  private void check(Path base, Path adapter) {
    Optional<StoredAdapter> stored = readable(adapter);
    stored.ifPresent(a -> findings.addAll(AdapterCheck.of(a)));
    if (GgufModel.isAt(base)) {
      stored.ifPresent(a -> compareWithQuantized(base, a));
      return;
    }
    try (Checkpoint checkpoint = Checkpoint.open(base)) {
      Optional<String> quantized = checkpoint.config().flatMap(ModelConfig::quantization);
      if (quantized.filter("bitsandbytes"::equals).isPresent()) {
        stored.ifPresent(a -> compareWithQuantized(base, a));
        return;
      }
      quantized.ifPresent(
          method ->
              odd(
                  "the base is quantised (" + method + "), which is not supported",
                  "use the model that it was quantised from"));
      stored.ifPresent(a -> compare(checkpoint, a));
    } catch (CorruptFile e) {
      problem("the base is damaged: " + e.getMessage(), COPY_AGAIN);
    }
  }

  private void compareWithQuantized(Path base, StoredAdapter adapter) {
    try (Pretrained model = Pretrained.load(base)) {
      tryLoading(model.model(), FittedAdapter.of(adapter, model.model().namedModules().keySet()));
    } catch (CorruptFile e) {
      problem("the base is damaged: " + e.getMessage(), COPY_AGAIN);
    }
    noteRecordedBase(adapter.config());
  }

  private Optional<StoredAdapter> readable(Path adapter) {
    try {
      return Optional.of(StoredAdapter.read(adapter));
    } catch (CorruptFile e) {
      problem("the adapter is damaged: " + e.getMessage(), COPY_AGAIN);
    } catch (UserError e) {
      problem("the adapter can't be read: " + e.getMessage(), "");
    }
    return Optional.empty();
  }

  private void compare(Checkpoint base, StoredAdapter adapter) {
    AdaptedCheckpoint adapted;
    try {
      adapted = AdaptedCheckpoint.of(base, List.of(adapter));
    } catch (UserError e) {
      problem(String.valueOf(e.getMessage()), "give the base that the adapter was made for");
      return;
    }
    try (WeightsOnly network = adapted.network()) {
      if (adapted.naming().renames()) {
        note(
            adapted.naming().describe() + "; taken as the same",
            "merging here takes care of it; other programs may want the names to agree");
      }
      missing(network, adapter);
      findings.addAll(ShapeCheck.of(network, adapter));
      if (findings.stream().noneMatch(f -> f.severity() == Severity.PROBLEM)) {
        tryLoading(network, adapter);
      }
    }
    noteRecordedBase(adapter.config());
  }

  private void missing(WeightsOnly network, StoredAdapter adapter) {
    Set<String> modules = network.namedModules().keySet();
    Set<String> wanted = new LinkedHashSet<>();
    adapter.tensors().keySet().forEach(key -> wanted.add(AdapterTensor.path(key)));
    List<String> missing = wanted.stream().filter(path -> !modules.contains(path)).toList();
    if (missing.isEmpty()) {
      return;
    }
    String first = missing.get(0);
    List<String> near = NearMiss.nearest(first, modules);
    problem(
        "%d of %d modules that it adapts are not in the base: %s"
            .formatted(missing.size(), wanted.size(), some(missing)),
        near.isEmpty()
            ? "the base has " + some(lastNames(network)) + "; give the base that it was made for"
            : "similar to " + first + ": " + String.join(", ", near));
  }

  private static List<String> lastNames(WeightsOnly network) {
    return network.namedModules().entrySet().stream()
        .filter(m -> !(m.getValue() instanceof UnknownModule))
        .map(m -> m.getKey().substring(m.getKey().lastIndexOf('.') + 1))
        .distinct()
        .toList();
  }

  /** Returns the first few names of a list and the number of the others. */
  static String some(List<String> names) {
    String shown = String.join(", ", names.subList(0, Math.min(SHOWN, names.size())));
    return names.size() <= SHOWN ? shown : shown + " and " + (names.size() - SHOWN) + " more";
  }

  /** Tries to load the adapter, to find what no other check covers. */
  private void tryLoading(Module network, StoredAdapter adapter) {
    try {
      LoraModel model = Lora.base(network);
      model.load("adapter", adapter, BaseCheck.ANY_BASE);
      int layers = model.layers().size();
      note("it adapts %d layers of the base, and all tensors fit".formatted(layers), "");
      adapter
          .baseFingerprint()
          .ifPresent(
              recorded ->
                  recorded.require(
                      "the adapter", model.presentBase(), BaseCheck.SAME_WHERE_BOTH_HAVE));
    } catch (UserError e) {
      problem(String.valueOf(e.getMessage()), "");
    }
  }

  private void noteRecordedBase(LoraConfig config) {
    String name = config.otherKeys().get("base_model_name_or_path");
    if (name != null && findings.stream().anyMatch(f -> f.severity() == Severity.PROBLEM)) {
      note("the adapter says that it was made for " + name.replace("\"", ""), "");
    }
  }

  private void problem(String what, String remedy) {
    findings.add(new Finding(Severity.PROBLEM, what, remedy));
  }

  private void odd(String what, String remedy) {
    findings.add(new Finding(Severity.ODD, what, remedy));
  }

  private void note(String what, String remedy) {
    findings.add(new Finding(Severity.NOTE, what, remedy));
  }
}

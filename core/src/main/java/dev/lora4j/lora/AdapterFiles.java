package dev.lora4j.lora;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.Unreadable;
import dev.lora4j.lora.config.ConfigWriter;
import dev.lora4j.lora.config.EnsuredTying;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.TiedWeights;
import dev.lora4j.lora.format.AdapterKind;
import dev.lora4j.lora.format.AdapterVocabulary;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.lora.format.FittedAdapter;
import dev.lora4j.lora.format.PeftAdapter;
import dev.lora4j.lora.format.PeftKeys;
import dev.lora4j.lora.format.SavedForm;
import dev.lora4j.lora.format.SeparateExperts;
import dev.lora4j.lora.format.StoredAdapter;
import dev.lora4j.lora.layer.BaseModules;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.lora.layer.LoraLayer;
import dev.lora4j.nn.DenseWeights;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.TransposedLinear;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** Writes adapters of a model to directories and loads them. */
final class AdapterFiles {
  private static final int SHOWN = 8;

  private AdapterFiles() {}

  static long save(LoraModel model, String name, Path directory, SavedForm form) {
    try (PointerScope scope = new PointerScope()) {
      return write(model, name, directory, AdapterContent.of(model, name, form));
    }
  }

  static long save(LoraModel model, String name, Path directory, DType dtype) {
    try (PointerScope scope = new PointerScope()) {
      StoredAdapter content = AdapterContent.of(model, name, SavedForm.PLAIN);
      return write(model, name, directory, content.to(dtype));
    }
  }

  private static long write(LoraModel model, String name, Path directory, StoredAdapter stored) {
    Adapter adapter = model.adapter(name);
    byte[] config =
        ConfigWriter.write(stored.config(), adapter.paths(), hasTransposed(model, adapter));
    return PeftAdapter.write(directory, config, stored);
  }

  /** Returns whether a layer of an adapter stores its weight as {@code [in, out]}. */
  private static boolean hasTransposed(LoraModel model, Adapter adapter) {
    return model.layers().entrySet().stream()
        .filter(entry -> adapter.paths().contains(entry.getKey()))
        .anyMatch(entry -> entry.getValue().pretrained() instanceof TransposedLinear);
  }

  static long saveAll(LoraModel model, Path directory) {
    long bytes = 0;
    for (String name : model.adapterNames()) {
      bytes +=
          save(
              model,
              name,
              name.equals(LoraLayer.DEFAULT) ? directory : directory.resolve(name),
              SavedForm.PLAIN);
    }
    return bytes;
  }

  static List<String> loadAll(LoraModel model, Path directory) {
    Map<String, Path> directories = directories(directory);
    if (directories.isEmpty()) {
      throw new UserError(
          "no adapter in " + directory + ": no " + PeftAdapter.CONFIG + " there or one below");
    }
    List<String> loaded = new ArrayList<>();
    try {
      directories.forEach(
          (name, path) -> {
            load(model, name, path, BaseCheck.SAME_BASE);
            loaded.add(name);
          });
    } catch (RuntimeException e) {
      loaded.forEach(model::remove);
      throw e;
    }
    return List.copyOf(loaded);
  }

  /** Returns the adapter directories by name: {@code default} is the directory itself. */
  private static Map<String, Path> directories(Path directory) {
    Map<String, Path> directories = new LinkedHashMap<>();
    if (holdsAdapter(directory)) {
      directories.put(LoraLayer.DEFAULT, directory);
    }
    try (Stream<Path> children = Files.list(directory)) {
      for (Path child : children.filter(AdapterFiles::holdsAdapter).sorted().toList()) {
        String name = String.valueOf(child.getFileName());
        if (directories.put(name, child) != null) {
          throw new UserError(
              "two adapters '%s': in %s and in %s".formatted(name, directory, child));
        }
      }
    } catch (IOException e) {
      throw Unreadable.because(directory, e);
    } catch (UncheckedIOException e) {
      throw Unreadable.because(directory, Objects.requireNonNull(e.getCause()));
    }
    return directories;
  }

  private static boolean holdsAdapter(Path directory) {
    return Files.isRegularFile(directory.resolve(PeftAdapter.CONFIG));
  }

  static void load(LoraModel model, String name, Path directory, BaseCheck check) {
    try (PointerScope scope = new PointerScope()) {
      String source = AdapterKind.ofDirectory(directory).weights(directory).toString();
      put(model, name, StoredAdapter.read(directory), source, check);
    }
  }

  static void put(LoraModel model, String name, StoredAdapter stored, BaseCheck check) {
    put(model, name, stored, "adapter '" + name + "'", check);
  }

  private static void put(
      LoraModel model, String name, StoredAdapter read, String source, BaseCheck check) {
    Set<String> modules = BaseModules.original(model.base()).keySet();
    StoredAdapter stored = FittedAdapter.of(SeparateExperts.fitted(read, modules), modules);
    refuseUnrepeatable(stored.config());
    stored.requireRanks(source);
    model.addForLoading(name, EnsuredTying.asSaved(stored.config(), stored.paths()));
    try {
      requireQuantized(model, name, stored.config());
      Map<String, Parameter> expected = model.adapter(name).saved();
      List<String> problems = problems(model.base(), stored, expected);
      if (!problems.isEmpty()) {
        throw new UserError(
            source
                + " does not fit this base:\n  "
                + listed(problems)
                + AdapterVocabulary.hint(stored, model.base()));
      }
      stored
          .baseFingerprint()
          .ifPresent(
              fingerprint ->
                  fingerprint.require(
                      source, model.presentBase(), check, stored.tensors().keySet()));
      expected.forEach((key, parameter) -> parameter.copyFrom(stored.tensor(key)));
    } catch (RuntimeException e) {
      model.remove(name);
      throw e;
    }
  }

  /** Refuses LoftQ on a base that is not quantised: A and B have what quantisation took. */
  private static void requireQuantized(LoraModel model, String name, LoraConfig config) {
    if (config.initialization() instanceof Initialization.Loftq
        && model.adapter(name).deltas(model.layers()).values().stream()
            .allMatch(delta -> delta.base().store() instanceof DenseWeights)) {
      throw new UserError(
          "init_lora_weights = loftq is for a quantised base, and this one is not; load it with"
              + " --quantize nf4, for instance");
    }
  }

  private static String listed(List<String> problems) {
    int more = problems.size() - SHOWN;
    return String.join("\n  ", problems.subList(0, Math.min(SHOWN, problems.size())))
        + (more > 0 ? "\n  and " + more + " more" : "");
  }

  /** Refuses an initialisation by a random part of the base, which can't be recomputed. */
  private static void refuseUnrepeatable(LoraConfig config) {
    if (!config.initialization().isRepeatable()) {
      throw new UserError(
          "init_lora_weights = %s took a random part of the base, which can't be recomputed; save"
                  .formatted(config.initialization().word())
              + " it in PEFT with path_initial_model_for_weight_conversion");
    }
    if (config.initialization() instanceof Initialization.Loftq
        && config.initialization().changesBase()) {
      throw new UserError(
          "init_lora_weights = loftq with more than one iteration has changed the quantised base;"
              + " save the adapter as SavedForm.FOR_ORIGINAL, for the base before quantisation");
    }
  }

  private static List<String> problems(
      Module base, StoredAdapter stored, Map<String, Parameter> expected) {
    List<String> problems = new ArrayList<>();
    Map<String, Tensor> tensors = stored.tensors();
    expected.forEach(
        (key, parameter) -> {
          String shape = Arrays.toString(parameter.shape());
          Tensor found = tensors.get(key);
          if (found == null) {
            problems.add("missing " + PeftKeys.inFile(key) + " " + shape);
          } else if (!Arrays.equals(found.shape(), parameter.shape())) {
            problems.add(
                "%s: expected %s, found %s"
                    .formatted(PeftKeys.inFile(key), shape, Arrays.toString(found.shape())));
          }
        });
    SavedBaseWeights carried = new SavedBaseWeights(base);
    tensors.forEach(
        (key, tensor) -> {
          if (!expected.containsKey(key)
              && !isNeverRead(key)
              && !isTiedCopy(key, stored, expected)) {
            carried.problem(key, tensor, expected.keySet()).ifPresent(problems::add);
          }
        });
    return problems;
  }

  /** Returns whether a tensor repeats one of the module that its own module is tied to. */
  private static boolean isTiedCopy(
      String key, StoredAdapter stored, Map<String, Parameter> expected) {
    if (!TiedWeights.ensured(stored.config()) || stored.tensor(key).dim() > 2) {
      return false;
    }
    boolean ofHead = key.endsWith(StoredAdapter.A) || key.endsWith(StoredAdapter.B);
    Tensor own = ofHead ? stored.tensor(key).t() : stored.tensor(key);
    return expected.keySet().stream()
        .filter(other -> other.contains(ofHead ? ".lora_embedding_" : ""))
        .filter(other -> ofHead || !other.contains(".lora_"))
        .map(stored.tensors()::get)
        .anyMatch(
            other ->
                other != null
                    && other.scalar_type().intern() == own.scalar_type().intern()
                    && other.equal(own));
  }

  /** Returns whether PEFT writes a key with {@code modules_to_save}, but never reads it. */
  private static boolean isNeverRead(String key) {
    return key.endsWith(".modules_to_save.bias") || key.endsWith(".original_module.bias");
  }
}

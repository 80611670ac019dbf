package dev.lora4j.lora;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.nn.Parameter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * A directory in PEFT's format: {@code adapter_config.json}, and {@code adapter_model.safetensors}
 * with a tensor {@code base_model.model.<path>.lora_A.weight} of {@code [rank, in]} and one {@code
 * ….lora_B.weight} of {@code [out, rank]} for each adapted layer.
 */
final class AdapterFiles {
  static final String CONFIG = "adapter_config.json";
  static final String WEIGHTS = "adapter_model.safetensors";
  private static final String PREFIX = "base_model.model.";

  private AdapterFiles() {}

  static long save(LoraModel model, String name, Path directory, SavedForm form) {
    Adapter adapter = model.adapter(name);
    Path weights = directory.resolve(WEIGHTS);
    Path json = directory.resolve(CONFIG);
    try (PointerScope scope = new PointerScope()) {
      AdapterContent content = AdapterContent.of(model, name, form);
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      content.tensors().forEach((key, tensor) -> tensors.put(PREFIX + key, tensor));
      byte[] text =
          ConfigWriter.write(content.config(), adapter.paths(), model.hasTransposed(adapter));
      SafetensorsWriter.write(weights, tensors, metadata(model));
      AtomicFile.write(json, text);
    }
    try {
      return Files.size(weights) + Files.size(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void load(LoraModel model, String name, Path directory, BaseCheck check) {
    LoraConfig config = readConfig(directory);
    Path file = directory.resolve(WEIGHTS);
    if (!Files.isRegularFile(file)) {
      throw new UserError("no " + WEIGHTS + " in " + directory);
    }
    try (PointerScope scope = new PointerScope();
        SafetensorsFile weights = SafetensorsFile.open(file)) {
      refuseUnrepeatable(config);
      model.addForLoading(name, config);
      Map<String, Parameter> expected = new LinkedHashMap<>();
      model.adapter(name).saved().forEach((key, value) -> expected.put(PREFIX + key, value));
      List<String> problems = problems(weights, expected);
      if (!problems.isEmpty()) {
        model.remove(name);
        throw new UserError(file + " does not fit this base:\n  " + String.join("\n  ", problems));
      }
      if (check == BaseCheck.SAME_BASE) {
        requireSameBase(model, name, file, weights);
      }
      expected.forEach((key, parameter) -> parameter.copyFrom(weights.read(key)));
    }
  }

  private static Map<String, String> metadata(LoraModel model) {
    Map<String, String> metadata = new LinkedHashMap<>(model.fingerprint().metadata());
    metadata.put("format", "pt");
    return metadata;
  }

  private static void requireSameBase(
      LoraModel model, String name, Path file, SafetensorsFile weights) {
    try {
      BaseFingerprint.in(weights.metadata())
          .ifPresent(madeOn -> madeOn.require(file, model.fingerprint()));
    } catch (UserError e) {
      model.remove(name);
      throw e;
    }
  }

  static LoraConfig readConfig(Path directory) {
    Path file = directory.resolve(CONFIG);
    try {
      return ConfigReader.read(file, Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UserError("no adapter in " + directory + ": can't read " + CONFIG, e);
    }
  }

  /** What the base gave up at random can't be found again from the base alone. */
  private static void refuseUnrepeatable(LoraConfig config) {
    if (!config.initialization().isRepeatable()) {
      throw new UserError(
          "init_lora_weights = %s took a random part of the base, which can't be found again; save"
                  .formatted(config.initialization().word())
              + " it in PEFT with path_initial_model_for_weight_conversion");
    }
  }

  /** Every parameter must find its tensor, every tensor its parameter, and every shape must fit. */
  private static List<String> problems(SafetensorsFile weights, Map<String, Parameter> expected) {
    List<String> problems = new ArrayList<>();
    expected.forEach(
        (key, parameter) -> {
          String shape = Arrays.toString(parameter.shape());
          if (!weights.names().contains(key)) {
            problems.add("missing " + key + " " + shape);
          } else if (!Arrays.equals(weights.info(key).sizes(), parameter.shape())) {
            problems.add(key + ": expected " + shape + ", found " + weights.info(key).shape());
          }
        });
    for (String key : weights.names()) {
      if (!expected.containsKey(key) && !isNeverRead(key)) {
        problems.add("unexpected " + key + NearMiss.hint(key, expected.keySet()));
      }
    }
    return problems;
  }

  /**
   * PEFT writes these with {@code bias="all"} and {@code modules_to_save}, and never reads them.
   */
  private static boolean isNeverRead(String key) {
    return key.endsWith(".modules_to_save.bias") || key.endsWith(".original_module.bias");
  }
}

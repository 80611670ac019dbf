package dev.lora4j.lora;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.nn.Linear;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

  static long save(LoraModel model, String name, Path directory) {
    LoraConfig config = model.config(name);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    List<String> paths = new ArrayList<>();
    model
        .layers()
        .forEach(
            (path, layer) -> {
              LowRank adapter = layer.adapter(name);
              if (adapter != null) {
                paths.add(path);
                tensors.put(keyOfA(path), adapter.a().weight().value());
                tensors.put(keyOfB(path), adapter.b().weight().value());
              }
            });
    Path weights = directory.resolve(WEIGHTS);
    Path json = directory.resolve(CONFIG);
    byte[] text = AdapterConfigJson.write(config, paths);
    SafetensorsWriter.write(weights, tensors, Map.of("format", "pt"));
    AtomicFile.write(json, out -> out.write(ByteBuffer.wrap(text)));
    try {
      return Files.size(weights) + Files.size(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void load(LoraModel model, String name, Path directory) {
    LoraConfig config = readConfig(directory);
    Path file = directory.resolve(WEIGHTS);
    if (!Files.isRegularFile(file)) {
      throw new UserError("no " + WEIGHTS + " in " + directory);
    }
    try (PointerScope scope = new PointerScope();
        SafetensorsFile weights = SafetensorsFile.open(file)) {
      Map<String, Linear> layers = TargetSearch.linears(model.base(), config.targets());
      checkFit(weights, layers, config.rank());
      model.add(name, config);
      model
          .layers()
          .forEach(
              (path, layer) -> {
                LowRank adapter = layer.adapter(name);
                if (adapter != null) {
                  adapter.a().weight().copyFrom(weights.read(keyOfA(path)));
                  adapter.b().weight().copyFrom(weights.read(keyOfB(path)));
                }
              });
    }
  }

  static LoraConfig readConfig(Path directory) {
    Path file = directory.resolve(CONFIG);
    try {
      return AdapterConfigJson.read(file, Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UserError("no adapter in " + directory + ": can't read " + CONFIG, e);
    }
  }

  /** Every layer must find its tensors, every tensor its layer, and every shape must fit. */
  private static void checkFit(SafetensorsFile weights, Map<String, Linear> layers, int rank) {
    Map<String, List<Long>> expected = new LinkedHashMap<>();
    layers.forEach(
        (path, linear) -> {
          expected.put(keyOfA(path), List.of((long) rank, linear.inFeatures()));
          expected.put(keyOfB(path), List.of(linear.outFeatures(), (long) rank));
        });
    List<String> problems = new ArrayList<>();
    expected.forEach(
        (key, shape) -> {
          if (!weights.names().contains(key)) {
            problems.add("missing " + key + " " + shape);
          } else if (!weights.info(key).shape().equals(shape)) {
            problems.add(key + ": expected " + shape + ", found " + weights.info(key).shape());
          }
        });
    for (String key : weights.names()) {
      if (!expected.containsKey(key)) {
        problems.add("unexpected " + key + NearMiss.hint(key, expected.keySet()));
      }
    }
    if (!problems.isEmpty()) {
      throw new UserError(
          "%s does not fit this base:%n  %s"
              .formatted(weights.path(), String.join("\n  ", problems)));
    }
  }

  private static String keyOfA(String path) {
    return PREFIX + path + ".lora_A.weight";
  }

  private static String keyOfB(String path) {
    return PREFIX + path + ".lora_B.weight";
  }
}

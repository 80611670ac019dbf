package dev.lora4j.models.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.DType;
import dev.lora4j.io.SafetensorsWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Writes a checkpoint directory: first the weights, then the index, then {@code config.json}, each
 * file whole or not at all.
 */
final class CheckpointWriter {
  static final String CONFIG = "config.json";
  private static final ObjectWriter JSON = new ObjectMapper().writerWithDefaultPrettyPrinter();
  private static final String WEIGHTS =
      "(model|pytorch_model)[^/]*\\.(safetensors|bin)(\\.index\\.json)?";

  private final Path directory;
  private final DType format;
  private final List<Map<String, Tensor>> shards;

  CheckpointWriter(Path directory, Map<String, Tensor> tensors, SaveOptions options) {
    this.directory = directory;
    format = options.format().orElseGet(() -> formatOf(tensors));
    shards = shards(tensors, options.maxShardBytes());
  }

  private static DType formatOf(Map<String, Tensor> tensors) {
    return DType.of(tensors.values().iterator().next().scalar_type()).orElseThrow();
  }

  private List<Map<String, Tensor>> shards(Map<String, Tensor> tensors, long maxBytes) {
    List<Map<String, Tensor>> shards = new ArrayList<>();
    long room = 0;
    for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
      long bytes = bytes(entry.getValue());
      if (shards.isEmpty() || bytes > room) {
        shards.add(new LinkedHashMap<>());
        room = maxBytes;
      }
      shards.get(shards.size() - 1).put(entry.getKey(), entry.getValue());
      room -= bytes;
    }
    return shards;
  }

  private long bytes(Tensor tensor) {
    return tensor.numel() * format.bytes();
  }

  /** Writes all files. */
  void write(ObjectNode config) {
    Set<String> names = new LinkedHashSet<>();
    for (int i = 0; i < shards.size(); i++) {
      names.add(shardName(i));
    }
    if (shards.size() > 1) {
      names.add(WeightFormat.SAFETENSORS.index());
    }
    refuseOtherWeights(names);
    for (int i = 0; i < shards.size(); i++) {
      writeShard(directory.resolve(shardName(i)), shards.get(i));
    }
    if (shards.size() > 1) {
      write(WeightFormat.SAFETENSORS.index(), index());
    }
    config.put(config.has("torch_dtype") ? "torch_dtype" : "dtype", nameOf(format));
    write(CONFIG, config);
  }

  private String shardName(int number) {
    return shards.size() == 1
        ? WeightFormat.SAFETENSORS.single()
        : "model-%05d-of-%05d.safetensors".formatted(number + 1, shards.size());
  }

  /** A reader might take old weights for the new ones. */
  private void refuseOtherWeights(Set<String> names) {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (Stream<Path> files = Files.list(directory)) {
      List<String> others =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.matches(WEIGHTS) && !names.contains(name))
              .sorted()
              .toList();
      if (!others.isEmpty()) {
        throw new UserError(
            directory
                + " holds other weights: "
                + String.join(", ", others)
                + "; choose another directory or take them away");
      }
    } catch (IOException e) {
      throw new UserError("cannot write " + directory + ": " + e, e);
    }
  }

  private void writeShard(Path file, Map<String, Tensor> shard) {
    try (PointerScope scope = new PointerScope()) {
      Map<String, Tensor> converted = new LinkedHashMap<>();
      shard.forEach((name, tensor) -> converted.put(name, tensor.detach().to(format.torch())));
      SafetensorsWriter.write(file, converted, Map.of("format", "pt"));
    }
  }

  private ObjectNode index() {
    ObjectNode index = new ObjectMapper().createObjectNode();
    long total = shards.stream().flatMap(s -> s.values().stream()).mapToLong(this::bytes).sum();
    index.putObject("metadata").put("total_size", total);
    ObjectNode map = index.putObject("weight_map");
    for (int i = 0; i < shards.size(); i++) {
      String shard = shardName(i);
      shards.get(i).keySet().forEach(name -> map.put(name, shard));
    }
    return index;
  }

  private void write(String name, ObjectNode json) {
    try {
      String text = JSON.writeValueAsString(json) + "\n";
      AtomicFile.write(directory.resolve(name), text.getBytes(StandardCharsets.UTF_8));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** torch's name of a format of weights. */
  static String nameOf(DType format) {
    return switch (format) {
      case F32 -> "float32";
      case F16 -> "float16";
      case BF16 -> "bfloat16";
      case F64 -> "float64";
      default -> throw new UserError("a checkpoint can't hold " + format);
    };
  }
}

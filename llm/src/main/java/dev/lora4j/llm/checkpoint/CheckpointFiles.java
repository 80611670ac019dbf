package dev.lora4j.llm.checkpoint;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.ShardIndex;
import dev.lora4j.io.Unreadable;
import dev.lora4j.llm.gguf.GgufModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The files that hold the weights of a saved model.
 *
 * @param directory the directory around the weights, if the model is one
 * @param weights the files, in order
 * @param shardOf the file of each tensor according to the index; empty without an index
 */
public record CheckpointFiles(
    Optional<Path> directory, List<Path> weights, Map<String, Path> shardOf) {

  /** Finds the weights at a path: a file, or a directory in Hugging Face's layout. */
  static CheckpointFiles at(Path path) {
    if (!Files.exists(path)) {
      throw new UserError("there is no " + path + Unreadable.nearest(path));
    }
    if (!Files.isDirectory(path)) {
      refusePickle(path);
      refuseGguf(path);
      return new CheckpointFiles(Optional.empty(), List.of(path), Map.of());
    }
    Optional<WeightFormat> format = WeightFormat.in(path);
    if (format.isEmpty() && Files.exists(path.resolve("adapter_config.json"))) {
      throw new UserError(path + " is an adapter's directory; expected a base model's");
    }
    return format.map(found -> in(path, found)).orElseGet(() -> onlyFileIn(path));
  }

  private static CheckpointFiles in(Path directory, WeightFormat format) {
    Path single = directory.resolve(format.single());
    return Files.exists(single) ? single(directory, single) : sharded(directory, format);
  }

  private static CheckpointFiles single(Path directory, Path file) {
    return new CheckpointFiles(Optional.of(directory), List.of(file), Map.of());
  }

  private static void refusePickle(Path file) {
    String name = String.valueOf(file.getFileName());
    if (name.matches(".*\\.(ckpt|pkl)")) {
      throw new UserError(
          file
              + " may hold code that would run when it is read, and is not opened; save the model"
              + " as safetensors first (in Python: model.save_pretrained(directory))");
    }
  }

  private static void refuseGguf(Path file) {
    if (GgufModel.isAt(file)) {
      throw new UserError(
          file + " is a GGUF file; convert it to a directory first: lora convert " + file + " DIR");
    }
  }

  /** Returns the only safetensors file of a directory, under any name. */
  private static CheckpointFiles onlyFileIn(Path directory) {
    List<Path> files = list(directory);
    List<Path> weights =
        files.stream().filter(file -> WeightFormat.SAFETENSORS.isShard(file.toString())).toList();
    if (weights.isEmpty()) {
      files.forEach(CheckpointFiles::refusePickle);
      throw new UserError(nothingIn(directory, files));
    }
    if (weights.size() > 1) {
      throw new UserError(
          "%s holds %d safetensors files and no %s: name one of them"
              .formatted(directory, weights.size(), WeightFormat.SAFETENSORS.index()));
    }
    return single(directory, weights.get(0));
  }

  private static String nothingIn(Path directory, List<Path> files) {
    List<String> others =
        files.stream()
            .map(file -> String.valueOf(file.getFileName()))
            .filter(WeightFormat::isTorch)
            .toList();
    return "no saved model in %s: neither %s nor %s is there, whole or in shards with an index%s"
        .formatted(
            directory,
            WeightFormat.SAFETENSORS.single(),
            WeightFormat.TORCH.single(),
            others.isEmpty()
                ? ""
                : "; if it is " + String.join(" or ", others) + ", give the path of that file");
  }

  private static CheckpointFiles sharded(Path directory, WeightFormat format) {
    ShardIndex index = ShardIndex.read(directory.resolve(format.index()));
    requireAll(index, directory);
    Map<String, Path> shardOf = new LinkedHashMap<>();
    index.shardOf().forEach((name, shard) -> shardOf.put(name, directory.resolve(shard)));
    List<Path> weights = index.shards().stream().map(directory::resolve).toList();
    return new CheckpointFiles(Optional.of(directory), weights, shardOf);
  }

  private static void requireAll(ShardIndex index, Path directory) {
    List<String> missing =
        index.shards().stream()
            .filter(shard -> !Files.isRegularFile(directory.resolve(shard)))
            .toList();
    if (!missing.isEmpty()) {
      boolean one = missing.size() == 1;
      throw new CorruptFile(
          index.file(),
          "%d of %d shards %s missing: %s; download %s again"
              .formatted(
                  missing.size(),
                  index.shards().size(),
                  one ? "is" : "are",
                  String.join(", ", missing),
                  one ? "it" : "them"));
    }
  }

  /** Lists the regular files of a directory, sorted. */
  public static List<Path> list(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    } catch (IOException e) {
      throw Unreadable.because(directory, e);
    }
  }

  /** Returns the size of a file, or of all files of a directory, in bytes. */
  public static long bytes(Path path) {
    try {
      long bytes = 0;
      for (Path file : Files.isDirectory(path) ? list(path) : List.of(path)) {
        bytes += Files.size(file);
      }
      return bytes;
    } catch (IOException e) {
      throw Unreadable.because(path, e);
    }
  }
}

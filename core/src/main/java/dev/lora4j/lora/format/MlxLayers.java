package dev.lora4j.lora.format;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The layers of an mlx-lm adapter, checked against its config. mlx-lm reinitialises a layer that
 * lacks a tensor; here, missing and unexpected tensors are errors.
 */
final class MlxLayers {
  static final String A = ".lora_a";
  static final String B = ".lora_b";
  static final String MAGNITUDE = ".m";
  private static final Set<String> EMBEDDINGS =
      Set.of("embed_tokens", "wte", "wpe", "word_embeddings", "tok_embeddings");

  private final SafetensorsFile file;
  private final MlxConfig mlx;
  private final List<String> paths;
  private final List<String> problems = new ArrayList<>();

  private MlxLayers(SafetensorsFile file, MlxConfig mlx) {
    this.file = file;
    this.mlx = mlx;
    this.paths =
        file.names().stream()
            .filter(name -> name.endsWith(A))
            .map(name -> name.substring(0, name.length() - A.length()))
            .toList();
  }

  /**
   * Returns the layers of a file.
   *
   * @throws UserError if they do not match the config; the message lists all problems
   */
  static MlxLayers of(SafetensorsFile file, MlxConfig mlx) {
    MlxLayers layers = new MlxLayers(file, mlx);
    layers.paths.forEach(MlxLayers::refuseEmbedding);
    layers.check();
    return layers;
  }

  /**
   * Refuses embeddings: mlx-lm applies the delta of a tied embedding in the head too; PEFT does
   * not.
   */
  static void refuseEmbedding(String path) {
    String name = path.substring(path.lastIndexOf('.') + 1);
    if (EMBEDDINGS.contains(name)) {
      throw new UserError(
          path
              + " is an embedding, whose delta mlx-lm and PEFT apply differently; merge the adapter"
              + " into its base instead");
    }
  }

  private void check() {
    Set<String> left = new LinkedHashSet<>(file.names());
    for (String path : paths) {
      if (!mlx.adapts(path)) {
        problems.add(path + " is not among the config's keys" + NearMiss.hint(path, mlx.keys()));
      }
      need(path + A, mlx.rank(), 1, 2, left);
      need(path + B, mlx.rank(), 0, 2, left);
      if (mlx.dora()) {
        need(path + MAGNITUDE, -1, 0, 1, left);
      }
    }
    left.forEach(name -> problems.add("unexpected " + name));
    if (paths.isEmpty()) {
      problems.add("no tensor <path>" + A);
    }
    if (!problems.isEmpty()) {
      throw new UserError(
          file.path() + " does not match its config:\n  " + String.join("\n  ", problems));
    }
  }

  /** Checks a tensor's number of dimensions, and the rank on one axis unless that is negative. */
  private void need(String name, int rank, int axis, int dimensions, Set<String> left) {
    if (!left.remove(name)) {
      problems.add("missing " + name);
      return;
    }
    List<Long> shape = file.shape(name);
    if (shape.size() != dimensions) {
      problems.add(name + ": expected " + dimensions + " dimensions, found " + shape);
    } else if (rank >= 0 && shape.get(axis) != rank) {
      problems.add("%s: expected a rank of %d, found %s".formatted(name, rank, shape));
    }
  }

  List<String> paths() {
    return paths;
  }

  LoraConfig config() {
    try {
      return asConfig();
    } catch (UserError e) {
      throw new UserError(
          file.path().resolveSibling(PeftAdapter.CONFIG) + ": " + e.getMessage(), e);
    }
  }

  private LoraConfig asConfig() {
    return LoraConfig.rank(mlx.rank())
        .alpha(mlx.scale() * mlx.rank())
        .dropout(mlx.dropout())
        .dora(mlx.dora())
        .targets(Targets.named(paths));
  }
}

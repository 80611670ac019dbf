package dev.lora4j.lora.format;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.gguf.GgufFile;
import dev.lora4j.io.gguf.GgufValue;
import dev.lora4j.io.gguf.GgufWriter;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * An adapter in a GGUF file, for llama.cpp's {@code --lora}: one {@code adapter.lora.alpha}, and
 * for each adapted layer {@code <weight>.lora_a} of {@code [rank, in]} and {@code <weight>.lora_b}
 * of {@code [out, rank]}. llama.cpp scales a delta by alpha divided by the rank of its B.
 */
public final class GgufAdapter {
  private static final String FORMAT = "llama.cpp's adapter format";
  private static final String TYPE = "general.type";
  private static final String ARCHITECTURE = "general.architecture";
  private static final String ADAPTER_TYPE = "adapter.type";
  private static final String ALPHA = "adapter.lora.alpha";
  private static final String A = ".lora_a";
  private static final String B = ".lora_b";

  private GgufAdapter() {}

  /**
   * Writes an adapter in one dtype, or in its own dtypes if that is empty. Other scalings than
   * {@code alpha / rank} are folded into alpha or, where layers differ, into B.
   *
   * @throws UserError if the format or the architecture can't express the adapter
   */
  static void write(
      StoredAdapter adapter, GgufArchitecture architecture, Path file, Optional<DType> dtype) {
    try (PointerScope scope = new PointerScope()) {
      refuseDora(adapter);
      List<CanonicalDelta> layers = CanonicalDelta.of(adapter, FORMAT);
      float alpha = alpha(adapter.config(), layers);
      Map<String, GgufValue> metadata = new LinkedHashMap<>();
      metadata.put(ARCHITECTURE, GgufValue.of(architecture.name()));
      metadata.put(TYPE, GgufValue.of("adapter"));
      metadata.put(ADAPTER_TYPE, GgufValue.of("lora"));
      metadata.put(ALPHA, GgufValue.of(alpha));
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (CanonicalDelta layer : layers) {
        String weight = architecture.weightOf(layer.path());
        boolean asIs = alphaOf(layer) == alpha;
        Tensor b = asIs ? layer.b() : layer.scaledBy((double) alpha / layer.rank()).b();
        tensors.put(weight + A, notDouble(layer.a()));
        tensors.put(weight + B, notDouble(architecture.toLlamaCpp(layer.path(), b)));
      }
      Map<String, Tensor> written =
          dtype.map(format -> StoredAdapter.converted(tensors, format)).orElse(tensors);
      GgufWriter.write(file, metadata, written);
    }
  }

  private static void refuseDora(StoredAdapter adapter) {
    if (adapter.config().dora()) {
      throw new UserError(
          FORMAT + " can't express use_dora; merge the adapter into its base instead");
    }
  }

  /** Returns the alpha that gives llama.cpp the layer's scaling. */
  private static float alphaOf(CanonicalDelta layer) {
    return (float) (layer.scaling() * layer.rank());
  }

  /** Returns the file's alpha, never zero, which would mean "no scaling" to llama.cpp. */
  private static float alpha(LoraConfig config, List<CanonicalDelta> layers) {
    List<Float> alphas = layers.stream().map(GgufAdapter::alphaOf).distinct().toList();
    float alpha = alphas.size() == 1 ? alphas.get(0) : (float) config.alpha();
    return alpha == 0 ? config.rank() : alpha;
  }

  /** Converts F64, which llama.cpp does not support, to F32. */
  private static Tensor notDouble(Tensor tensor) {
    boolean wide = tensor.scalar_type().intern() == ScalarType.Double;
    return wide ? tensor.detach().to(ScalarType.Float) : tensor;
  }

  /**
   * Reads an adapter into the caller's pointer scope.
   *
   * @throws UserError if the file holds no adapter for this architecture
   */
  public static StoredAdapter read(Path file, GgufArchitecture architecture) {
    try (GgufFile gguf = GgufFile.open(file)) {
      expect(gguf, TYPE, "adapter");
      expect(gguf, ADAPTER_TYPE, "lora");
      expect(gguf, ARCHITECTURE, architecture.name());
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      Map<String, Integer> ranks = new LinkedHashMap<>();
      for (Map.Entry<String, String> layer : layers(gguf, architecture).entrySet()) {
        String path = layer.getKey();
        Tensor b = gguf.read(layer.getValue() + B);
        tensors.put(path + StoredAdapter.A, gguf.read(layer.getValue() + A));
        tensors.put(path + StoredAdapter.B, architecture.fromLlamaCpp(path, b));
        ranks.put(path, (int) b.size(1));
      }
      return new StoredAdapter(config(gguf, ranks), tensors);
    }
  }

  /**
   * Returns the architecture that an adapter file names.
   *
   * @throws UserError if the file holds no adapter
   */
  static String architectureOf(Path file) {
    try (GgufFile gguf = GgufFile.open(file)) {
      expect(gguf, TYPE, "adapter");
      expect(gguf, ADAPTER_TYPE, "lora");
      return gguf.text(ARCHITECTURE)
          .orElseThrow(() -> new UserError(file + ": no " + ARCHITECTURE));
    }
  }

  private static void expect(GgufFile gguf, String key, String expected) {
    String found = gguf.text(key).orElse("nothing");
    if (!found.equals(expected)) {
      throw new UserError(
          "%s: %s: expected %s, found %s".formatted(gguf.path(), key, expected, found));
    }
  }

  /** Returns llama.cpp's weight name of each adapted layer by path. */
  private static Map<String, String> layers(GgufFile gguf, GgufArchitecture architecture) {
    Map<String, String> layers = new LinkedHashMap<>();
    List<String> problems = new ArrayList<>();
    Set<String> left = new LinkedHashSet<>(gguf.names());
    for (String name : gguf.names()) {
      String weight = name.substring(0, Math.max(0, name.length() - A.length()));
      String path = name.endsWith(A) ? architecture.pathOf(weight).orElse(null) : null;
      if (path != null) {
        layers.put(path, weight);
        left.removeAll(Set.of(weight + A, weight + B));
        ofShapes(gguf, weight, problems);
      }
    }
    left.forEach(name -> problems.add("unexpected " + name));
    if (layers.isEmpty()) {
      problems.add("no tensor <weight>" + A);
    }
    if (!problems.isEmpty()) {
      throw new UserError(
          "%s is not an adapter for %s:\n  %s"
              .formatted(gguf.path(), architecture.name(), String.join("\n  ", problems)));
    }
    return layers;
  }

  private static void ofShapes(GgufFile gguf, String weight, List<String> problems) {
    if (!gguf.names().contains(weight + B)) {
      problems.add("missing " + weight + B);
      return;
    }
    List<Long> a = gguf.shape(weight + A);
    List<Long> b = gguf.shape(weight + B);
    if (a.size() != 2 || b.size() != 2 || !a.get(0).equals(b.get(1)) || a.get(0) < 1) {
      problems.add(
          "%s: expected A [rank, in] and B [out, rank], found %s and %s".formatted(weight, a, b));
    }
  }

  private static LoraConfig config(GgufFile gguf, Map<String, Integer> ranks) {
    double alpha =
        gguf.number(ALPHA)
            .filter(number -> number != 0)
            .orElseThrow(
                () -> new UserError(gguf.path() + ": no " + ALPHA + ", so the scaling is unknown"));
    int rank = ranks.values().iterator().next();
    Map<String, Integer> others = new LinkedHashMap<>();
    ranks.forEach(
        (path, other) -> {
          if (other != rank) {
            others.put(Pattern.quote(path), other);
          }
        });
    return LoraConfig.rank(rank)
        .alpha(alpha)
        .targets(Targets.named(List.copyOf(ranks.keySet())))
        .rankPattern(others);
  }
}

package dev.lora4j.lora.format;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.FiniteValues;
import dev.lora4j.lora.config.LoraConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * An adapter without a base, the common form of all file formats.
 *
 * <p>It follows PEFT: A is {@code [rank, in]}, B is {@code [out, rank]}, and the delta is {@code
 * config.scalingAt(path) · B A}. The tensors belong to the pointer scope in which the adapter was
 * read, or to the model that it was taken from.
 *
 * @param config the adapter's config
 * @param tensors the tensors by PEFT's key without its prefix, such as {@code
 *     model.layers.0.mlp.up_proj.lora_A.weight}
 * @param baseFingerprint the fingerprint of the base on which it was trained, if known
 */
public record StoredAdapter(
    LoraConfig config, Map<String, Tensor> tensors, Optional<BaseFingerprint> baseFingerprint) {
  public static final String A = ".lora_A.weight";
  public static final String B = ".lora_B.weight";
  static final String MAGNITUDE = ".lora_magnitude_vector";
  private static final Pattern FACTOR =
      Pattern.compile("(.+)\\.(lora_(embedding_)?[AB](\\.weight)?|[a-z]+_lambda_b)");
  private static final Set<DType> FORMATS = Set.of(DType.F64, DType.F32, DType.F16, DType.BF16);

  public StoredAdapter {
    tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
  }

  /** Creates an adapter without a base fingerprint. */
  public StoredAdapter(LoraConfig config, Map<String, Tensor> tensors) {
    this(config, tensors, Optional.empty());
  }

  /**
   * Reads a PEFT or mlx-lm adapter directory into the caller's pointer scope.
   *
   * @throws UserError if there is no adapter or it is not supported
   * @throws dev.lora4j.CorruptFile if a file is damaged
   */
  public static StoredAdapter read(Path directory) {
    return AdapterKind.ofDirectory(directory) == AdapterKind.MLX
        ? MlxAdapter.read(directory)
        : PeftAdapter.read(directory);
  }

  /**
   * Returns the tensor of a key.
   *
   * @throws UserError if there is none
   */
  public Tensor tensor(String key) {
    Tensor tensor = tensors.get(key);
    if (tensor == null) {
      throw new UserError("no tensor " + key + NearMiss.hint(key, tensors.keySet()));
    }
    return tensor;
  }

  /** Returns the paths of the adapted layers, in the tensors' order. */
  public List<String> paths() {
    return tensors.keySet().stream()
        .map(FACTOR::matcher)
        .filter(Matcher::matches)
        .map(factor -> factor.group(1))
        .distinct()
        .toList();
  }

  /**
   * Converts the adapter to another dtype; new tensors belong to the caller's pointer scope.
   *
   * @param dtype one of F64, F32, F16 and BF16
   * @throws UserError if a value is too large for the dtype
   */
  public StoredAdapter to(DType dtype) {
    return new StoredAdapter(config, converted(tensors, dtype), baseFingerprint);
  }

  /** Converts tensors to another dtype; new ones belong to the caller's pointer scope. */
  static Map<String, Tensor> converted(Map<String, Tensor> tensors, DType dtype) {
    if (!FORMATS.contains(dtype)) {
      throw new UserError("an adapter's dtype must be F64, F32, F16 or BF16, not " + dtype);
    }
    Map<String, Tensor> converted = new LinkedHashMap<>();
    tensors.forEach((key, tensor) -> converted.put(key, converted(key, tensor, dtype)));
    return converted;
  }

  private static Tensor converted(String key, Tensor tensor, DType dtype) {
    Tensor result = tensor.detach().to(dtype.torch());
    if (!FiniteValues.areIn(result) && FiniteValues.areIn(tensor)) {
      try (PointerScope scope = new PointerScope()) {
        throw new UserError(
            "%s holds %s, which is too large for %s; use BF16 or F32"
                .formatted(key, tensor.abs().max().item_double(), dtype));
      }
    }
    return result;
  }

  /**
   * Returns this adapter.
   *
   * @param source its path, for the message
   * @throws UserError if a tensor has NaN or infinity
   */
  public StoredAdapter requireFinite(Path source) {
    tensors.forEach(
        (key, tensor) -> FiniteValues.require(source + ": " + PeftKeys.inFile(key), tensor));
    return this;
  }

  /**
   * Refuses ranks that are larger than every dimension of the tensors, before memory is allocated
   * for them.
   *
   * @param source where the adapter is from, for the message
   */
  public void requireRanks(String source) {
    long largest =
        tensors.values().stream()
            .flatMapToLong(tensor -> LongStream.of(tensor.shape()))
            .max()
            .orElse(1);
    requireRank(source, "r", config.rank(), largest);
    config
        .rankPattern()
        .values()
        .forEach((key, rank) -> requireRank(source, "rank_pattern." + key, rank, largest));
  }

  /**
   * Lists the A matrices whose rank is not the config's. Matrices of raw parameters, which also
   * count experts, are left out.
   */
  public List<String> wrongRanks() {
    List<String> wrong = new ArrayList<>();
    tensors.forEach(
        (key, tensor) ->
            pathOfA(key)
                .filter(path -> config.rankAt(path) != tensor.size(0))
                .ifPresent(
                    path ->
                        wrong.add(
                            "%s has %d, the config %d"
                                .formatted(key, tensor.size(0), config.rankAt(path)))));
    return wrong;
  }

  private Optional<String> pathOfA(String key) {
    return Stream.of(".lora_A.weight", ".lora_embedding_A")
        .filter(suffix -> config.targetParameters().isEmpty() && key.endsWith(suffix))
        .map(suffix -> key.substring(0, key.length() - suffix.length()))
        .findFirst();
  }

  private static void requireRank(String source, String key, double rank, long largest) {
    if (rank > largest) {
      throw new UserError(
          "%s does not fit its config: `%s`: expected at most %d, the largest dimension of a tensor, found %.0f"
              .formatted(source, key, largest, rank));
    }
  }
}

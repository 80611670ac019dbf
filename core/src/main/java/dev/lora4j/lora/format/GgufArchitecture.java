package dev.lora4j.lora.format;

import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.gguf.GgufFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/**
 * llama.cpp's name of an architecture, and its names and row order of linear layers.
 *
 * <p>For Llama, llama.cpp reorders the rows of queries and keys: the two halves of each head are
 * interleaved, as its rotary embedding requires.
 *
 * @param name {@code general.architecture}
 * @param layers llama.cpp's layer names by Hugging Face name; {@code #} is the layer index
 * @param rotated the number of heads in each layer with reordered rows, by Hugging Face name
 */
public record GgufArchitecture(
    String name, Map<String, String> layers, Map<String, Integer> rotated) {
  private static final Map<String, String> LLAMA_LAYERS =
      Map.of(
          "model.layers.#.self_attn.q_proj", "blk.#.attn_q",
          "model.layers.#.self_attn.k_proj", "blk.#.attn_k",
          "model.layers.#.self_attn.v_proj", "blk.#.attn_v",
          "model.layers.#.self_attn.o_proj", "blk.#.attn_output",
          "model.layers.#.mlp.gate_proj", "blk.#.ffn_gate",
          "model.layers.#.mlp.up_proj", "blk.#.ffn_up",
          "model.layers.#.mlp.down_proj", "blk.#.ffn_down");
  private static final Map<String, String> GPT2_LAYERS =
      Map.of(
          "transformer.h.#.attn.c_attn", "blk.#.attn_qkv",
          "transformer.h.#.attn.c_proj", "blk.#.attn_output",
          "transformer.h.#.mlp.c_fc", "blk.#.ffn_up",
          "transformer.h.#.mlp.c_proj", "blk.#.ffn_down");
  private static final Pattern NUMBER = Pattern.compile("(?<=\\.)\\d+(?=\\.)");
  // The names that are model types at the same time.
  private static final List<String> NAMES = List.of("gpt2", "llama", "qwen2", "qwen3");

  public GgufArchitecture {
    layers = Map.copyOf(layers);
    rotated = Map.copyOf(rotated);
  }

  /**
   * Llama and Mistral.
   *
   * @param heads {@code num_attention_heads}
   * @param keyValueHeads {@code num_key_value_heads}
   */
  public static GgufArchitecture llama(int heads, int keyValueHeads) {
    return new GgufArchitecture(
        "llama",
        LLAMA_LAYERS,
        Map.of(
            "model.layers.#.self_attn.q_proj", heads,
            "model.layers.#.self_attn.k_proj", keyValueHeads));
  }

  /** Qwen 2 and 2.5. */
  public static GgufArchitecture qwen2() {
    return new GgufArchitecture("qwen2", LLAMA_LAYERS, Map.of());
  }

  /** Qwen 3. */
  public static GgufArchitecture qwen3() {
    return new GgufArchitecture("qwen3", LLAMA_LAYERS, Map.of());
  }

  /** GPT-2. */
  public static GgufArchitecture gpt2() {
    return new GgufArchitecture("gpt2", GPT2_LAYERS, Map.of());
  }

  /** A provider of architectures for further model types, registered as a service. */
  public interface Provider {
    /** Returns the supported model types. */
    List<String> modelTypes();

    /**
     * Returns the architecture of a model type with these numbers of attention heads and key/value
     * heads.
     */
    Optional<GgufArchitecture> of(String modelType, int heads, int keyValueHeads);

    /** Returns llama.cpp's names of the supported architectures. */
    List<String> names();

    /** Returns the architecture of this name with these numbers of heads. */
    Optional<GgufArchitecture> named(String name, int heads, int keyValueHeads);
  }

  /**
   * Returns the architecture of a base: of a GGUF file by its header, of a directory by its {@code
   * config.json}.
   */
  static GgufArchitecture ofBase(Path base) {
    return Files.isRegularFile(base) ? ofGguf(base) : ofCheckpoint(base);
  }

  private static GgufArchitecture ofGguf(Path path) {
    try (GgufFile file = GgufFile.open(path)) {
      String name =
          file.text("general.architecture")
              .orElseThrow(() -> new CorruptFile(path, "general.architecture: missing"));
      int heads = heads(file, name + ".attention.head_count").orElse(1);
      int keyValueHeads = heads(file, name + ".attention.head_count_kv").orElse(heads);
      return findNamed(name, heads, keyValueHeads)
          .orElseThrow(() -> new UserError(path + ": " + unsupported(name)));
    }
  }

  private static Optional<Integer> heads(GgufFile file, String key) {
    return file.number(key)
        .map(
            number -> {
              if (number < 1 || number != Math.rint(number) || number > Integer.MAX_VALUE) {
                throw new CorruptFile(
                    file.path(), "%s: expected a number of heads, found %s".formatted(key, number));
              }
              return number.intValue();
            });
  }

  /**
   * Returns the architecture of a Hugging Face checkpoint, by its {@code config.json}.
   *
   * @throws UserError if the model type is missing or not supported in GGUF
   */
  static GgufArchitecture ofCheckpoint(Path directory) {
    Path file = directory.resolve("config.json");
    JsonDocument config = AdapterKind.json(file, directory);
    String type = config.text("model_type", "");
    GgufArchitecture found = find(type, 1, 1).orElseThrow(() -> unknown(file, type));
    if (found.rotated.isEmpty()) {
      return found;
    }
    int heads = config.size("num_attention_heads");
    return find(type, heads, config.size("num_key_value_heads", heads)).orElseThrow();
  }

  private static UserError unknown(Path file, String type) {
    Set<String> known = new TreeSet<>(List.of("gpt2", "llama", "mistral", "qwen2", "qwen3"));
    providers().forEach(provider -> known.addAll(provider.modelTypes()));
    return new UserError(
        "%s: model_type %s is not supported in GGUF%s"
            .formatted(file, type, NearMiss.hint(type, known)));
  }

  private static Optional<GgufArchitecture> find(String type, int heads, int keyValueHeads) {
    return switch (type) {
      case "llama", "mistral" -> Optional.of(llama(heads, keyValueHeads));
      case "qwen2" -> Optional.of(qwen2());
      case "qwen3" -> Optional.of(qwen3());
      case "gpt2" -> Optional.of(gpt2());
      default -> providers().flatMap(p -> p.of(type, heads, keyValueHeads).stream()).findFirst();
    };
  }

  private static Optional<GgufArchitecture> findNamed(String name, int heads, int keyValueHeads) {
    return NAMES.contains(name)
        ? find(name, heads, keyValueHeads)
        : providers().flatMap(p -> p.named(name, heads, keyValueHeads).stream()).findFirst();
  }

  private static String unsupported(String name) {
    Set<String> known = new TreeSet<>(NAMES);
    providers().forEach(provider -> known.addAll(provider.names()));
    return "adapters for llama.cpp's %s are not supported%s"
        .formatted(name, NearMiss.hint(name, known));
  }

  private static Stream<Provider> providers() {
    return ServiceLoader.load(Provider.class, Provider.class.getClassLoader()).stream()
        .map(ServiceLoader.Provider::get);
  }

  /**
   * Returns an architecture by its name alone.
   *
   * @throws UserError if it is not supported, or reorders rows by head, since the name does not
   *     give the number of heads
   */
  static GgufArchitecture named(String name) {
    GgufArchitecture found =
        findNamed(name, 1, 1).orElseThrow(() -> new UserError(unsupported(name)));
    if (!found.rotated.isEmpty()) {
      throw new UserError(
          "llama.cpp reorders the rows of %s's queries and keys head by head; give".formatted(name)
              + " the base (--model), whose config.json has the number of heads");
    }
    return found;
  }

  /**
   * Returns llama.cpp's name of a layer's weight, such as {@code blk.0.attn_q.weight}.
   *
   * @throws UserError if there is none
   */
  String weightOf(String path) {
    String layer = layers.get(pattern(path));
    if (layer == null) {
      throw new UserError(
          "llama.cpp's %s takes no adapter at %s (only at %s); merge the adapter into its base"
                  .formatted(name, path, String.join(", ", new TreeSet<>(layers.keySet())))
              + " instead");
    }
    return numbered(layer, path) + ".weight";
  }

  /** Returns the layer with this llama.cpp weight name, if there is one. */
  Optional<String> pathOf(String weight) {
    String layer = pattern(weight.replaceAll("\\.weight$", ""));
    return layers.entrySet().stream()
        .filter(entry -> entry.getValue().equals(layer) && weight.endsWith(".weight"))
        .map(entry -> numbered(entry.getKey(), weight))
        .findFirst();
  }

  private static String pattern(String path) {
    return NUMBER.matcher(path).replaceAll("#");
  }

  private static String numbered(String pattern, String example) {
    Matcher number = NUMBER.matcher(example);
    return number.find() ? pattern.replace("#", number.group()) : pattern;
  }

  /**
   * Reorders the rows of a layer's B {@code [out, rank]}, weight {@code [out, in]} or bias {@code
   * [out]} for llama.cpp; the result belongs to the caller's pointer scope.
   */
  public Tensor toLlamaCpp(String path, Tensor b) {
    Integer heads = rotated.get(pattern(path));
    return heads == null ? b : reordered(b, heads, 2, halfHead(path, b, heads));
  }

  /** Reverses {@link #toLlamaCpp}. */
  public Tensor fromLlamaCpp(String path, Tensor b) {
    Integer heads = rotated.get(pattern(path));
    return heads == null ? b : reordered(b, heads, halfHead(path, b, heads), 2);
  }

  /** Transposes the rows of each head, seen as {@code [outer, inner]}. */
  private static Tensor reordered(Tensor b, long heads, long outer, long inner) {
    long row = b.dim() == 1 ? 1 : b.size(1);
    return b.detach().reshape(heads, outer, inner, row).transpose(1, 2).reshape(b.shape());
  }

  private static long halfHead(String path, Tensor b, int heads) {
    if (b.size(0) % (2L * heads) != 0) {
      throw new UserError(
          "%s: expected rows for %d heads of even size, found %d"
              .formatted(path, heads, b.size(0)));
    }
    return b.size(0) / heads / 2;
  }
}

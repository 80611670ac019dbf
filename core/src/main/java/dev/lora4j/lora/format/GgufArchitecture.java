package dev.lora4j.lora.format;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
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
 * llama.cpp's name for an architecture, and its names and row order for the linear layers.
 *
 * <p>For Llama it reorders the rows of queries and keys: the first and the second half of each head
 * are interleaved, as its rotary embedding wants them.
 *
 * @param name {@code general.architecture}
 * @param layers the layers' names, Hugging Face's to llama.cpp's; {@code #} is a layer's number
 * @param rotated number of heads in each layer with reordered rows, by Hugging Face name
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

  /** Finds the architectures of further model types; implementations register as services. */
  public interface Provider {
    /** The model types that it knows. */
    List<String> modelTypes();

    /** The architecture of a model type, with so many attention heads and key/value heads. */
    Optional<GgufArchitecture> of(String modelType, int heads, int keyValueHeads);
  }

  /**
   * The architecture that a Hugging Face checkpoint's {@code config.json} names.
   *
   * @throws UserError if the model type is missing or not known for GGUF
   */
  public static GgufArchitecture ofCheckpoint(Path directory) {
    Path file = directory.resolve("config.json");
    JsonDocument config = AdapterFormat.json(file, directory);
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
        "%s: model_type %s is not known for GGUF%s"
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

  private static Stream<Provider> providers() {
    return ServiceLoader.load(Provider.class, Provider.class.getClassLoader()).stream()
        .map(ServiceLoader.Provider::get);
  }

  /**
   * An architecture by its name alone.
   *
   * @throws UserError if it is not known, or orders rows by heads, whose number a name does not
   *     give
   */
  static GgufArchitecture named(String name) {
    GgufArchitecture found =
        find(name, 1, 1)
            .filter(architecture -> architecture.name.equals(name))
            .orElseThrow(
                () ->
                    new UserError(
                        "%s is not known for GGUF%s".formatted(name, NearMiss.hint(name, NAMES))));
    if (!found.rotated.isEmpty()) {
      throw new UserError(
          "llama.cpp keeps the rows of %s's queries and keys in another order, head by head; give"
                  .formatted(name)
              + " the base (--model), whose config.json has the number of heads");
    }
    return found;
  }

  /**
   * llama.cpp's name of a layer's weight, such as {@code blk.0.attn_q.weight}.
   *
   * @throws UserError if it has none
   */
  String weightOf(String path) {
    String layer = layers.get(pattern(path));
    if (layer == null) {
      throw new UserError(
          "llama.cpp's %s takes no adapter at %s (it takes %s); merge the adapter into its base"
                  .formatted(name, path, String.join(", ", new TreeSet<>(layers.keySet())))
              + " instead");
    }
    return numbered(layer, path) + ".weight";
  }

  /** The layer whose weight llama.cpp calls so; empty if there is none. */
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
   * The rows of a layer's B {@code [out, rank]}, weight {@code [out, in]} or bias {@code [out]} in
   * llama.cpp's order; the result belongs to the caller's pointer scope.
   */
  public Tensor toLlamaCpp(String path, Tensor b) {
    Integer heads = rotated.get(pattern(path));
    return heads == null ? b : reordered(b, heads, 2, halfHead(path, b, heads));
  }

  /**
   * The rows of a layer's B {@code [out, rank]}, weight {@code [out, in]} or bias {@code [out]} in
   * Hugging Face's order; the result belongs to the caller's pointer scope.
   */
  public Tensor fromLlamaCpp(String path, Tensor b) {
    Integer heads = rotated.get(pattern(path));
    return heads == null ? b : reordered(b, heads, halfHead(path, b, heads), 2);
  }

  /** Swaps the two parts that the rows of each head consist of. */
  private static Tensor reordered(Tensor b, long heads, long outer, long inner) {
    long row = b.dim() == 1 ? 1 : b.size(1);
    return b.detach().reshape(heads, outer, inner, row).transpose(1, 2).reshape(b.shape());
  }

  private static long halfHead(String path, Tensor b, int heads) {
    if (b.size(0) % (2L * heads) != 0) {
      throw new UserError(
          "%s: expected rows for %d heads of an even size, found %d"
              .formatted(path, heads, b.size(0)));
    }
    return b.size(0) / heads / 2;
  }
}

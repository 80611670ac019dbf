package dev.lora4j.lora.format;

import dev.lora4j.lora.layer.BaseModules;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.WeightedLayer;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;

/** The vocabulary that an adapter's embedding and output head were trained with. */
public final class AdapterVocabulary {
  private static final Pattern KEY =
      Pattern.compile("(.+?)(\\.base_layer)?\\.(lora_embedding_A|lora_B\\.weight|weight)");

  private AdapterVocabulary() {}

  /**
   * Returns the number of tokens; empty if the adapter holds no tensor of an embedding or a head.
   *
   * @param base the network, under the adapter's module paths
   */
  public static OptionalLong of(StoredAdapter adapter, Module base) {
    Map<String, Module> modules = BaseModules.original(base);
    String head = base.headPath().orElse("");
    return adapter.tensors().entrySet().stream()
        .mapToLong(entry -> rows(entry.getKey(), entry.getValue(), modules, head))
        .filter(rows -> rows > 0)
        .max();
  }

  private static long rows(String key, Tensor tensor, Map<String, Module> modules, String head) {
    Matcher matcher = KEY.matcher(key);
    if (!matcher.matches() || tensor.dim() != 2) {
      return 0;
    }
    String path = matcher.group(1);
    boolean isOfEmbedding = modules.get(path) instanceof Embedding;
    boolean isFactor = matcher.group(3).startsWith("lora_");
    if (isOfEmbedding && matcher.group(3).equals("lora_embedding_A")) {
      return tensor.size(1);
    }
    boolean holdsRows = isOfEmbedding ? !isFactor : path.equals(head);
    return holdsRows ? tensor.size(0) : 0;
  }

  /**
   * Explains an adapter that does not fit because tokens were added to its base.
   *
   * @return the end of a message; empty if the vocabularies do not differ that way
   */
  public static String hint(StoredAdapter adapter, Module base) {
    OptionalLong tokens = of(adapter, base);
    OptionalLong own =
        BaseModules.original(base).values().stream()
            .filter(Embedding.class::isInstance)
            .mapToLong(embedding -> ((WeightedLayer) embedding).store().shape()[0])
            .max();
    return tokens.isPresent() && own.isPresent() && tokens.getAsLong() > own.getAsLong()
        ? "\nThe adapter's base had %d tokens, this one has %d: tokens were added before the training; enlarge this base first, with 'lora resize'"
            .formatted(tokens.getAsLong(), own.getAsLong())
        : "";
  }
}

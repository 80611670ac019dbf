package dev.lora4j.models.checkpoint;

import dev.lora4j.io.JsonDocument;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.models.Gpt2;
import dev.lora4j.models.Gpt2Config;
import dev.lora4j.models.LanguageModel;
import dev.lora4j.models.Llama;
import dev.lora4j.models.LlamaConfig;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * A network that a {@code config.json} can mean.
 *
 * @param families the {@code model_type}s that mean it
 * @param maker makes one of a config's fields
 * @param prefix what all names but the head's begin with; some checkpoints leave it out
 * @param derived names of tensors that follow from the config, and are not read
 */
record Architecture(
    List<String> families,
    Function<JsonDocument, LanguageModel> maker,
    String prefix,
    Pattern derived) {
  private static final List<Architecture> ALL =
      List.of(
          new Architecture(
              LlamaConfig.FAMILIES,
              fields -> new Llama(LlamaConfig.of(fields)),
              "model.",
              Pattern.compile(".*\\.rotary_emb\\.inv_freq")),
          new Architecture(
              List.of(Gpt2Config.FAMILY),
              fields -> new Gpt2(Gpt2Config.of(fields)),
              "transformer.",
              Pattern.compile(".*\\.attn\\.(bias|masked_bias)")));

  /**
   * The network that this config means.
   *
   * @throws UserError naming those that are supported
   */
  static Architecture of(JsonDocument fields) {
    String family = fields.text("model_type", "");
    List<String> all = ALL.stream().flatMap(a -> a.families.stream()).toList();
    return ALL.stream()
        .filter(architecture -> architecture.families.contains(family))
        .findFirst()
        .orElseThrow(
            () ->
                new UserError(
                    "%s: model_type '%s' is not supported%s; supported: %s"
                        .formatted(
                            fields.file(),
                            family,
                            NearMiss.nearest(family, all).isEmpty()
                                ? ""
                                : NearMiss.hint(family, all),
                            String.join(", ", all))));
  }

  /** A network of this config. */
  LanguageModel create(JsonDocument fields) {
    return maker.apply(fields);
  }

  /** Whether a tensor of a checkpoint follows from the config, and is not read. */
  boolean isDerived(String name) {
    return derived.matcher(name).matches();
  }
}

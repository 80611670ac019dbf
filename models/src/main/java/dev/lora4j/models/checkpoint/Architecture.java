package dev.lora4j.models.checkpoint;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.models.ConfigFields;
import dev.lora4j.models.Gpt2;
import dev.lora4j.models.Gpt2Config;
import dev.lora4j.models.LanguageModel;
import dev.lora4j.models.Llama;
import dev.lora4j.models.LlamaConfig;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;

/** The networks that a {@code config.json} can mean. */
enum Architecture {
  LLAMA(
      LlamaConfig.FAMILIES,
      fields -> new Llama(LlamaConfig.of(fields)),
      "model.",
      ".*\\.rotary_emb\\.inv_freq"),
  GPT2(
      List.of(Gpt2Config.FAMILY),
      fields -> new Gpt2(Gpt2Config.of(fields)),
      "transformer.",
      ".*\\.attn\\.(bias|masked_bias)");

  private final List<String> families;
  private final Function<ConfigFields, LanguageModel> maker;
  private final String prefix;
  private final Pattern derived;

  Architecture(
      List<String> families,
      Function<ConfigFields, LanguageModel> maker,
      String prefix,
      String derived) {
    this.families = families;
    this.maker = maker;
    this.prefix = prefix;
    this.derived = Pattern.compile(derived);
  }

  /**
   * The network that this config means.
   *
   * @throws UserError naming those that are supported
   */
  static Architecture of(ConfigFields fields) {
    String family = fields.text("model_type", "");
    List<String> all = Arrays.stream(values()).flatMap(a -> a.families.stream()).toList();
    return Arrays.stream(values())
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
  LanguageModel create(ConfigFields fields) {
    return maker.apply(fields);
  }

  /** What all names but the head's begin with; some checkpoints leave it out. */
  String prefix() {
    return prefix;
  }

  /** Whether a tensor of a checkpoint follows from the config, and is not read. */
  boolean isDerived(String name) {
    return derived.matcher(name).matches();
  }
}

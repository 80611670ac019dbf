package dev.lora4j.llm.model.llama;

import dev.lora4j.llm.model.RopeConfig.QueryScale;
import dev.lora4j.llm.model.transformer.TransformerConfig;
import java.util.Optional;

/** Ministral 3: a Llama whose queries are scaled by their position. */
public final class Ministral3 extends Llama {

  /**
   * @param scale empty for none
   */
  public Ministral3(TransformerConfig config, Optional<QueryScale> scale) {
    super(config, differences(config, scale));
  }

  private static Differences differences(TransformerConfig config, Optional<QueryScale> scale) {
    Differences none = Differences.none(config);
    return scale.map(found -> none.rope(none.rope().with(found))).orElse(none);
  }
}

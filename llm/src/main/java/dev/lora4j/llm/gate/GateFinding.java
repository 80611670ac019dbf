package dev.lora4j.llm.gate;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The result of one check of a gate.
 *
 * @param reason a sentence with the figures
 * @param figures measured values by name
 */
public record GateFinding(Check check, boolean passed, String reason, Map<String, Double> figures) {
  public GateFinding {
    figures = Collections.unmodifiableMap(new LinkedHashMap<>(figures));
  }

  /** The checks of a gate, in their order. */
  public enum Check {
    /** The loss on held-out examples falls. */
    HELD_OUT_LOSS,
    /** The adapter changes the logits, and they stay finite. */
    EFFECT,
    /** Tokenizer and chat template are those of the training, and end answers with a stop token. */
    TEMPLATE,
    /** Completions of held-out prompts end with a stop token. */
    STOP,
    /** The loss on general texts rises by no more than the limit. */
    FORGETTING;

    /** The name in records, such as {@code held_out_loss}. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  static GateFinding of(Check check, boolean passed, String reason, Object... values) {
    return new GateFinding(check, passed, String.format(Locale.ROOT, reason, values), Map.of());
  }

  /** A loss without and with the adapter. */
  GateFinding withLosses(double before, double after) {
    Map<String, Double> losses = new LinkedHashMap<>();
    losses.put("before", before);
    losses.put("after", after);
    return new GateFinding(check, passed, reason, losses);
  }
}

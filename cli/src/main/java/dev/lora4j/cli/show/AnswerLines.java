package dev.lora4j.cli.show;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.llm.chat.Completion;
import dev.lora4j.llm.generate.Generation;
import java.util.List;
import java.util.Locale;

/** The figures of an answer: a line for people, JSON fields for programs. */
public final class AnswerLines {
  private AnswerLines() {}

  /** {@code 42 tokens, 31.4 tokens/s (prompt: 17 tokens in 0.31 s)}. */
  public static String figures(Completion answer) {
    Generation made = answer.generation();
    int read = made.promptTokens() - made.cached();
    String cached = made.cached() == 0 ? "" : ", " + NumberFormats.count(made.cached()) + " cached";
    return String.format(
        Locale.ROOT,
        "%s tokens, %.1f tokens/s (prompt: %s tokens in %.2f s%s)",
        NumberFormats.count(made.tokens().size()),
        made.tokensPerSecond(),
        NumberFormats.count(read),
        made.prefill().toNanos() / 1e9,
        cached);
  }

  public static void fill(ObjectNode root, Completion answer, List<String> adapters) {
    Generation made = answer.generation();
    root.put("text", answer.text());
    root.put("end", answer.finishReason().name().toLowerCase(Locale.ROOT));
    root.put("tokens", made.tokens().size());
    root.put("prompt_tokens", made.promptTokens());
    root.put("known_tokens", made.cached());
    root.put("prefill_seconds", made.prefill().toNanos() / 1e9);
    root.put("tokens_per_second", made.tokensPerSecond());
    adapters.forEach(root.putArray("adapters")::add);
  }
}

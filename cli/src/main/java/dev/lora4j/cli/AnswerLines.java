package dev.lora4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.cli.report.Numbers;
import dev.lora4j.models.generation.Generation;
import dev.lora4j.models.talk.Answer;
import java.util.List;
import java.util.Locale;

/** The figures of an answer: a line for people, JSON fields for programs. */
final class AnswerLines {
  private AnswerLines() {}

  /** {@code 42 tokens, 31.4 tokens/s (prompt: 17 tokens in 0.31 s)}. */
  static String figures(Answer answer) {
    Generation made = answer.generation();
    int read = made.promptTokens() - made.known();
    String known = made.known() == 0 ? "" : ", " + Numbers.count(made.known()) + " cached";
    return String.format(
        Locale.ROOT,
        "%s tokens, %.1f tokens/s (prompt: %s tokens in %.2f s%s)",
        Numbers.count(made.tokens().size()),
        made.tokensPerSecond(),
        Numbers.count(read),
        made.prefill().toNanos() / 1e9,
        known);
  }

  static void fill(ObjectNode root, Answer answer, List<String> adapters) {
    Generation made = answer.generation();
    root.put("text", answer.text());
    root.put("end", answer.end().name().toLowerCase(Locale.ROOT));
    root.put("tokens", made.tokens().size());
    root.put("prompt_tokens", made.promptTokens());
    root.put("known_tokens", made.known());
    root.put("prefill_seconds", made.prefill().toNanos() / 1e9);
    root.put("tokens_per_second", made.tokensPerSecond());
    adapters.forEach(root.putArray("adapters")::add);
  }
}

package dev.lora4j.llm.chat;

import dev.lora4j.llm.generate.FinishReason;
import dev.lora4j.llm.generate.Generation;
import dev.lora4j.llm.generate.GenerationConfig;
import dev.lora4j.llm.generate.GenerationSession;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/** Generates one completion and streams it as text. */
final class TextGenerator {
  private final CompletionText completion;
  private final Collection<Long> stopTokens;
  private final GenerationOptions options;
  private final TextListener listener;
  private final StringBuilder text = new StringBuilder();

  TextGenerator(
      Tokenizer tokenizer,
      Collection<Long> stopTokens,
      GenerationOptions options,
      TextListener listener) {
    completion = new CompletionText(tokenizer, stopTokens, options.stops());
    this.stopTokens = stopTokens;
    this.options = options;
    this.listener = listener;
  }

  /** Generates the completion of a prompt. */
  Completion write(GenerationSession session, int[] prompt, int dropped) {
    List<Long> ids = Arrays.stream(prompt).asLongStream().boxed().toList();
    GenerationConfig config =
        GenerationConfig.greedy(options.maxNewTokens())
            .sampling(options.sampling())
            .stoppingAt(stopTokens)
            .constraint(options.constraint());
    Generation generation = session.generate(ids, config, this::onToken);
    if (!completion.isStopped()) {
      show(completion.finish());
    }
    FinishReason reason =
        completion.isStopped() ? FinishReason.STOP_STRING : generation.finishReason();
    return new Completion(text.toString(), reason, generation, dropped);
  }

  private boolean onToken(long token) {
    return show(completion.add(token)) && !completion.isStopped();
  }

  private boolean show(String piece) {
    text.append(piece);
    return listener.onText(piece);
  }
}

package dev.lora4j.llm.gate;

import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.gate.GateFinding.Check;
import dev.lora4j.llm.generate.FinishReason;
import dev.lora4j.llm.generate.GenerationConfig;
import dev.lora4j.llm.generate.GenerationSession;
import dev.lora4j.llm.generate.Generator;
import dev.lora4j.train.Workers;
import java.util.List;
import java.util.Set;

/** Completes held-out prompts greedily and counts the completions that stop. */
record StopCheck(ChatModel model, List<String> adapter, Workers workers, Runnable interruption) {
  private static final int PROMPTS = 8;
  private static final int MIN_TOKENS = 32;
  private static final int MAX_TOKENS = 256;
  private static final int TIMES_THE_LONGEST_ANSWER = 4;

  boolean applies(GateData data) {
    return !prompts(data).isEmpty();
  }

  private List<FirstAnswer> prompts(GateData data) {
    int longest = model.network().maxPositions();
    return FirstAnswer.of(data).stream()
        .filter(answer -> answer.prompt().size() < longest)
        .limit(PROMPTS)
        .toList();
  }

  GateFinding run(GateData data, double minStopped) {
    List<FirstAnswer> prompts = prompts(data);
    int longest = prompts.stream().mapToInt(FirstAnswer::length).max().orElseThrow();
    int tokens = Math.max(MIN_TOKENS, Math.min(MAX_TOKENS, TIMES_THE_LONGEST_ANSWER * longest));
    Set<Long> stops = model.stopTokens(model.format(adapter));
    GenerationConfig config = GenerationConfig.greedy(tokens).stoppingAt(stops);
    long stopped = 0;
    try (GenerationSession session = Generator.sharedBy(workers, model.network()).session()) {
      for (FirstAnswer prompt : prompts) {
        FinishReason reason = session.generate(prompt.prompt(), config, this::goOn).finishReason();
        stopped += reason == FinishReason.STOP_TOKEN ? 1 : 0;
      }
    }
    return GateFinding.of(
        Check.STOP,
        stopped >= minStopped * prompts.size(),
        "%d of %d completions of held-out prompts end with a stop token within %d tokens; at least %.0f%% must",
        stopped,
        prompts.size(),
        tokens,
        100 * minStopped);
  }

  private boolean goOn(long token) {
    interruption.run();
    return true;
  }
}

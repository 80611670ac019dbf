package dev.lora4j.cli.train;

import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.generate.Generation;
import dev.lora4j.llm.generate.GenerationConfig;
import dev.lora4j.llm.generate.Generator;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.tokenizer.ChatTemplate;
import dev.lora4j.llm.tokenizer.Message;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.train.Workers;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Greedy continuations of one prompt, before and after training.
 *
 * @param prompt the prompt
 * @param before continuation by the base
 * @param after continuation with the adapter
 */
record BeforeAfterSample(String prompt, String before, String after) {
  static final int NEW_TOKENS = 64;
  private static final int BEGINNING = 24;

  /** Returns the tokens of the given prompt, or those of an example before the first with loss. */
  static int[] prompt(
      Optional<String> asked, Example example, Tokenizer tokenizer, Optional<ChatTemplate> chat) {
    if (asked.isPresent()) {
      return chat.isPresent()
          ? tokenizer.encodePlain(chat.get().prompt(List.of(Message.user(asked.get()))))
          : tokenizer.encode(asked.get());
    }
    int given = 1;
    while (given < example.length() && !example.carriesLoss(given)) {
      given++;
    }
    // If every token carries loss, the start of the example.
    int shown = given > 1 ? given : Math.min(BEGINNING, Math.max(1, example.length() / 2));
    int[] tokens = new int[shown];
    Arrays.setAll(tokens, example::token);
    return tokens;
  }

  /**
   * Generates with the active adapters. The model must be in evaluation mode.
   *
   * @param most maximum number of new tokens
   * @throws UserError if the prompt is empty or longer than the limit of the model
   */
  static String written(
      LanguageModel model, Tokenizer tokenizer, int[] prompt, int most, int workers) {
    GenerationConfig config =
        GenerationConfig.greedy(most)
            .stoppingAt(tokenizer.special().stops().stream().map(Integer::longValue).toList());
    try (Workers group = new Workers(workers)) {
      return text(tokenizer, Generator.sharedBy(group, model).generate(ids(prompt), config));
    }
  }

  /**
   * Checks the length of a prompt.
   *
   * @throws UserError if the prompt is empty or longer than the limit of the model
   */
  static void requireReadable(LanguageModel model, int... prompt) {
    new Generator(model).requireReadable(ids(prompt));
  }

  private static List<Long> ids(int... prompt) {
    return Arrays.stream(prompt).asLongStream().boxed().toList();
  }

  private static String text(Tokenizer tokenizer, Generation generation) {
    int[] tokens = generation.tokens().stream().mapToInt(Math::toIntExact).toArray();
    return tokenizer.decodeSkippingSpecial(tokens);
  }
}

package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.models.LanguageModel;
import dev.lora4j.models.generation.Generation;
import dev.lora4j.models.generation.GenerationConfig;
import dev.lora4j.models.generation.Generator;
import dev.lora4j.models.text.ChatTemplate;
import dev.lora4j.models.text.Example;
import dev.lora4j.models.text.Message;
import dev.lora4j.models.text.Tokenizer;
import dev.lora4j.train.Workers;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What a model writes after the same beginning, always taking the likeliest token.
 *
 * @param prompt the beginning
 * @param before how the base goes on
 * @param after how it goes on with the adapter
 */
record Sampled(String prompt, String before, String after) {
  static final int NEW_TOKENS = 64;
  private static final int BEGINNING = 24;

  /** The tokens that are asked for, or an example's up to the first that it teaches. */
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
    // Where all is learned, the beginning of it.
    int shown = given > 1 ? given : Math.min(BEGINNING, Math.max(1, example.length() / 2));
    int[] tokens = new int[shown];
    Arrays.setAll(tokens, example::token);
    return tokens;
  }

  /**
   * What the model writes with the adapters that are active. It must be in evaluation mode.
   *
   * @param most so many tokens at most
   * @throws UserError if the prompt is empty or longer than what the model can read
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
   * @throws UserError if the prompt is empty or longer than what the model can read
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

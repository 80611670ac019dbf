package dev.lora4j.llm.gate;

import dev.lora4j.llm.dataset.Example;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The first trained answer of an example.
 *
 * @param prompt the tokens before it
 * @param length number of its tokens
 * @param last its last token
 */
record FirstAnswer(List<Long> prompt, int length, long last) {

  /** The answers of the held-out examples; none for plain texts, which have no prompts. */
  static List<FirstAnswer> of(GateData data) {
    return data.answers().stream().flatMap(example -> of(example).stream()).toList();
  }

  private static Optional<FirstAnswer> of(Example example) {
    int from = 0;
    while (from < example.length() && !example.carriesLoss(from)) {
      from++;
    }
    int to = from;
    while (to < example.length() && example.carriesLoss(to)) {
      to++;
    }
    if (from < 2 || from == to) {
      return Optional.empty();
    }
    List<Long> prompt = new ArrayList<>();
    for (int i = 0; i < from; i++) {
      prompt.add((long) example.token(i));
    }
    return Optional.of(new FirstAnswer(prompt, to - from, example.token(to - 1)));
  }

  boolean endsWith(Set<Long> tokens) {
    return tokens.contains(last);
  }
}

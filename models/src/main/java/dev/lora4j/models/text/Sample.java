package dev.lora4j.models.text;

import java.util.List;

/** One row of training data, before it is written as a model reads it. */
public sealed interface Sample {

  /**
   * A conversation.
   *
   * @param messages its turns
   * @param given how many turns at the beginning are there to be read only: no answer in them is
   *     learned
   */
  record Chat(List<Message> messages, int given) implements Sample {
    public Chat {
      messages = List.copyOf(messages);
    }
  }

  /** A text, and how it goes on; only that is learned. */
  record Completion(String prompt, String completion) implements Sample {}

  /**
   * A task, what it is to be done with, and the result.
   *
   * @param input may be empty
   */
  record Instruction(String instruction, String input, String output) implements Sample {}

  /** A text of its own, with an end. */
  record Text(String text) implements Sample {}

  /** A long text, to be cut into blocks. */
  record Document(String text) implements Sample {}

  /**
   * Two answers to the same, of which one is better. Both are conversations, or both completions.
   */
  record Preference(Sample chosen, Sample rejected) implements Sample {}
}

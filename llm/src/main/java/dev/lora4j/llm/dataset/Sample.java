package dev.lora4j.llm.dataset;

import dev.lora4j.llm.tokenizer.Message;
import java.util.List;

/** One row of training data before it is rendered and tokenized. */
public sealed interface Sample {

  /**
   * A conversation.
   *
   * @param messages its turns
   * @param given number of turns at the beginning that are context only and carry no loss
   */
  record Chat(List<Message> messages, int given) implements Sample {
    public Chat {
      messages = List.copyOf(messages);
    }
  }

  /** A prompt and its completion; the loss is on the completion only. */
  record Completion(String prompt, String completion) implements Sample {}

  /**
   * A task, its input and the expected output.
   *
   * @param input may be empty
   */
  record Instruction(String instruction, String input, String output) implements Sample {

    /** A conversation of the instruction with its input, and the output. */
    Chat asChat() {
      String question = input.isEmpty() ? instruction : instruction + "\n\n" + input;
      return new Chat(List.of(Message.user(question), Message.assistant(output)), 0);
    }

    /** The Alpaca format, for base models without a chat template. */
    Completion asCompletion() {
      String given = input.isEmpty() ? "" : "### Input:\n" + input + "\n\n";
      return new Completion(
          "### Instruction:\n" + instruction + "\n\n" + given + "### Response:\n", output);
    }
  }

  /** A complete text. */
  record Text(String text) implements Sample {}

  /** A long text, split into blocks. */
  record Document(String text) implements Sample {}

  /** Answers with a judgement, for an objective that compares. A form may bring its own. */
  non-sealed interface Rated extends Sample {
    /** The answers that stay together, each a conversation or a completion. */
    List<Sample> answers();

    /** The score of these answers; see {@link Example#score}. */
    default double score() {
      return 0;
    }
  }

  /** Two answers to the same prompt, the better one first. */
  record Preference(Sample chosen, Sample rejected) implements Rated {
    @Override
    public List<Sample> answers() {
      return List.of(chosen, rejected);
    }
  }
}

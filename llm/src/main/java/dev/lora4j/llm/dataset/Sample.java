package dev.lora4j.llm.dataset;

import dev.lora4j.UserError;
import dev.lora4j.llm.tokenizer.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** One row of training data before it is rendered and tokenized. */
public sealed interface Sample {

  /** Returns whether an answer to be trained on has no text. */
  default boolean hasEmptyAnswer() {
    return false;
  }

  /**
   * A conversation.
   *
   * @param messages its turns
   * @param given number of turns at the beginning that are context only, without loss tokens
   * @param variables for the chat template, such as {@code tools}
   */
  record Chat(List<Message> messages, int given, Map<String, Object> variables) implements Sample {
    public Chat {
      messages = List.copyOf(messages);
      variables = Map.copyOf(variables);
    }

    /** A conversation without template variables. */
    public Chat(List<Message> messages, int given) {
      this(messages, given, Map.of());
    }

    /** Returns whether a turn is an answer whose tokens are loss tokens. */
    boolean learns(int turn) {
      Message message = messages.get(turn);
      return turn >= given && message.fromAssistant() && message.trainable();
    }

    @Override
    public boolean hasEmptyAnswer() {
      for (int turn = 0; turn < messages.size(); turn++) {
        if (learns(turn) && messages.get(turn).isEmpty()) {
          return true;
        }
      }
      return false;
    }
  }

  /** A prompt and its completion; the loss is on the completion only. */
  record Completion(String prompt, String completion) implements Sample {
    @Override
    public boolean hasEmptyAnswer() {
      return completion.isBlank();
    }
  }

  /**
   * A task, its input and the expected output.
   *
   * @param input may be empty
   * @param before a system turn and earlier turns, if any
   */
  record Instruction(String instruction, String input, String output, List<Message> before)
      implements Sample {
    public Instruction {
      before = List.copyOf(before);
    }

    /** A task without earlier turns. */
    public Instruction(String instruction, String input, String output) {
      this(instruction, input, output, List.of());
    }

    @Override
    public boolean hasEmptyAnswer() {
      return output.isBlank();
    }

    /** A conversation of the earlier turns, the instruction with its input, and the output. */
    Chat asChat() {
      List<Message> messages = new ArrayList<>(before);
      messages.add(Message.user(input.isEmpty() ? instruction : instruction + "\n\n" + input));
      messages.add(Message.assistant(output));
      return new Chat(messages, 0);
    }

    /** The Alpaca format, for base models without a chat template. */
    Completion asCompletion() {
      StringBuilder prompt = new StringBuilder();
      for (Message message : before) {
        if (!message.role().equals("system")) {
          throw new UserError(
              "earlier turns (history) need a chat template, and the model has none; use a chat"
                  + " model");
        }
        prompt.append(message.fields().get("content")).append("\n\n");
      }
      String given = input.isEmpty() ? "" : "### Input:\n" + input + "\n\n";
      prompt.append("### Instruction:\n").append(instruction).append("\n\n").append(given);
      return new Completion(prompt.append("### Response:\n").toString(), output);
    }
  }

  /** A complete text. */
  record Text(String text) implements Sample {}

  /** A long text, split into blocks. */
  record Document(String text) implements Sample {}

  /** Answers with a label, for preference objectives. A data format may define its own. */
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

package dev.lora4j.llm.dataset;

import dev.lora4j.llm.tokenizer.Message;
import java.util.List;

/** Formats instructions. */
final class InstructionPrompt {
  private InstructionPrompt() {}

  static Sample.Chat asChat(Sample.Instruction sample) {
    String question =
        sample.input().isEmpty()
            ? sample.instruction()
            : sample.instruction() + "\n\n" + sample.input();
    return new Sample.Chat(List.of(Message.user(question), Message.assistant(sample.output())), 0);
  }

  /** The Alpaca format, for base models without a chat template. */
  static Sample.Completion asCompletion(Sample.Instruction sample) {
    String input = sample.input().isEmpty() ? "" : "### Input:\n" + sample.input() + "\n\n";
    return new Sample.Completion(
        "### Instruction:\n" + sample.instruction() + "\n\n" + input + "### Response:\n",
        sample.output());
  }
}

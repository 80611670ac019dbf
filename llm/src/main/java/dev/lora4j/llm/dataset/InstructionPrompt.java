package dev.lora4j.llm.dataset;

import dev.lora4j.UserError;
import dev.lora4j.llm.tokenizer.Message;
import java.util.ArrayList;
import java.util.List;

/** Formats instructions. */
final class InstructionPrompt {
  private InstructionPrompt() {}

  static Sample.Chat asChat(Sample.Instruction sample) {
    String question =
        sample.input().isEmpty()
            ? sample.instruction()
            : sample.instruction() + "\n\n" + sample.input();
    List<Message> messages = new ArrayList<>(sample.before());
    messages.add(Message.user(question));
    messages.add(Message.assistant(sample.output()));
    return new Sample.Chat(messages, 0);
  }

  /** The Alpaca format, for base models without a chat template. */
  static Sample.Completion asCompletion(Sample.Instruction sample) {
    StringBuilder system = new StringBuilder();
    for (Message message : sample.before()) {
      if (!message.role().equals("system")) {
        throw new UserError(
            "earlier turns (history) need a chat template, and the model has none; use a chat"
                + " model");
      }
      system.append(message.fields().get("content")).append("\n\n");
    }
    String input = sample.input().isEmpty() ? "" : "### Input:\n" + sample.input() + "\n\n";
    return new Sample.Completion(
        system + "### Instruction:\n" + sample.instruction() + "\n\n" + input + "### Response:\n",
        sample.output());
  }
}

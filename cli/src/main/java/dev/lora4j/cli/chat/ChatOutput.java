package dev.lora4j.cli.chat;

import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.show.AnswerLines;
import dev.lora4j.cli.show.TerminalText;
import dev.lora4j.llm.chat.Completion;
import java.util.List;
import java.util.function.UnaryOperator;

/** The output of a chat: answers on standard output, everything else on standard error. */
public final class ChatOutput {
  private final boolean json;
  private final boolean interactive;
  private final UnaryOperator<String> safe = TerminalText.forStandardOutput();

  /**
   * Output as text or JSON.
   *
   * @param interactive true to print the figures of each answer
   */
  public ChatOutput(boolean json, boolean interactive) {
    this.json = json;
    this.interactive = interactive;
  }

  void note(String sentence) {
    System.err.println("lora: " + sentence);
  }

  void line(String text) {
    System.err.println(text);
  }

  /** Prints a piece of an answer; returns false if the reader is gone. */
  boolean piece(String text) {
    if (json) {
      return true;
    }
    System.out.print(safe.apply(text));
    return !System.out.checkError();
  }

  void answered(Completion answer, List<String> adapters) {
    if (json) {
      OutputFormat.printJson(root -> AnswerLines.fill(root, answer, adapters));
    } else {
      System.out.println();
    }
    switch (answer.finishReason()) {
      case LENGTH -> note("the answer was truncated at --max-new-tokens");
      case MAX_POSITIONS ->
          note("the answer was truncated at the end of the context; /reset starts anew");
      case INTERRUPTED -> note("interrupted; the conversation keeps the answer so far");
      default -> {}
    }
    if (interactive) {
      line(AnswerLines.figures(answer));
    }
  }
}
